-- A page of GET /osImages is found by keyset, not by sorting everything (measured with 100,000 profiles).

create index profiles_image on profiles (image_id, id);
create index archives_present on archives (id) where deleted_at is null;
