"""A caller of the packaging service that has nothing but the .proto (as a descriptor set).

usage: client.py ADDRESS DESCRIPTOR_SET STORE_FOLDER ISO
Imports the ISO as a base image, exports its first profile, and prints what it saw as one JSON object.
"""
import json
import os
import sys
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

address, descriptors, store, iso = sys.argv[1:]
pool = descriptor_pool.DescriptorPool()
with open(descriptors, "rb") as file:
    for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(proto)
service = pool.FindServiceByName("osimage.packaging.v1.PackagingService")


def message_class(descriptor):
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


channel = grpc.insecure_channel(address)


def call(name, /, timeout=10, **fields):
    method = service.methods_by_name[name]
    rpc = channel.unary_unary(
        f"/{service.full_name}/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_class(method.output_type).FromString,
    )
    request = message_class(method.input_type)(**fields)
    return rpc(request, timeout=timeout, metadata=(("osimage-user", "python"),))


def refused(name, /, **fields):
    """The status name and our stable code of a call that must fail."""
    try:
        call(name, **fields)
    except grpc.RpcError as error:
        detail = message_class(pool.FindMessageTypeByName("osimage.packaging.v1.ErrorDetail"))
        trailer = dict(error.trailing_metadata()).get("osimage-error-bin", b"")
        return [error.code().name, detail.FromString(trailer).code]
    return ["OK", ""]


def state_name(value):
    return pool.FindEnumTypeByName("osimage.packaging.v1.JobState").values_by_number[value].name


def finished(job_id):
    percents = []
    while True:
        job = call("GetJob", id=job_id).job
        percents.append(job.percent)
        if job.percent == 100:
            return job, percents
        time.sleep(0.05)


created = call("CreateImport", image_type=1, file_size=os.path.getsize(iso))
with open(iso, "rb") as source, open(os.path.join(store, created.staging_path), "xb") as target:
    while chunk := source.read(1 << 20):
        target.write(chunk)
renewed = call("RenewImport", job_id=created.job_id, bytes_received=os.path.getsize(iso)).wanted
call("StartImport", job_id=created.job_id, image_type=1, name="python.iso", os="rhels", osrelease="python9",
     size=os.path.getsize(iso))
imported, _ = finished(created.job_id)
profile = f"{imported.object_id}|{imported.object_id}-x86_64-install-Minimal"
started = call("StartExport", profile_id=profile, path="/ignored")
exported, percents = finished(started.job_id)
page = call("ListJobs", page_size=1)
rest = call("ListJobs", page_size=1, page_token=page.next_page_token)
imports = call("ListJobs", kinds=[2], states=[3])
again = call("CancelJobs", ids=[started.job_id]).jobs[0]

keyed = [call("StartExport", profile_id=profile, idempotency_key="once").job_id for _ in range(2)]
# A cancel that comes before the end: a small export is quick, so more than one try.
for _ in range(100):
    begun = call("StartExport", profile_id=profile).job_id
    stopped = call("CancelJobs", ids=[begun]).jobs[0]
    if state_name(stopped.state) == "JOB_STATE_CANCELLED":
        break
retried = call("RetryJobs", ids=[begun]).jobs[0]
resumed, _ = finished(retried.retried_as)

print(json.dumps({
    "renewed": renewed,
    "imported": [state_name(imported.state), imported.object_id, imported.created_by],
    "exported": [state_name(exported.state), exported.filename, exported.sha256, exported.size],
    "filename": started.filename,
    "remarks": list(started.remarks),
    "monotone": percents == sorted(percents),
    "pages": [page.jobs[0].id, rest.jobs[0].id, rest.next_page_token],
    "imports": [job.id for job in imports.jobs],
    "importId": created.job_id,
    "exportId": started.job_id,
    "cancelFinished": state_name(again.state),
    "keyed": keyed,
    "retried": [begun, retried.id, resumed.id, state_name(resumed.state)],
    "retryFinished": refused("RetryJobs", ids=[started.job_id]),
    "otherKeyed": refused("StartExport", profile_id=profile, path="/a", idempotency_key="once"),
    "unknownProfile": refused("StartExport", profile_id="no|such"),
    "baseImage": refused("StartExport", profile_id=imported.object_id),
    "unknownJob": refused("GetJob", id="999999"),
    "badPage": refused("ListJobs", page_size=5000),
    "fedTwice": refused("StartImport", job_id=created.job_id, image_type=1, name="python.iso", size=1),
    "deadline": refused("GetJob", id=started.job_id, timeout=-1.0),
    "deleted": [str(call("DeleteJobs", ids=[created.job_id])), refused("GetJob", id=created.job_id)[1]],
}))
