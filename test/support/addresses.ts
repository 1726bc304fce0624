/** Address rules as on a machine where everything listens on loopback, and as on one that is reached from outside. */
import { type AddressRules, addressRules } from '@osimage/outbound';

export const onlyHere: AddressRules = addressRules({
  OUTBOUND_ALLOW: [],
  GATEWAY_HOST: '127.0.0.1',
  PACKAGER_LISTEN: '127.0.0.1:50051',
});

/** With OUTBOUND_ALLOW as given. */
export function reachedFromOutside(...allow: readonly string[]): AddressRules {
  return addressRules({
    OUTBOUND_ALLOW: allow,
    GATEWAY_HOST: '192.0.2.1',
    PACKAGER_LISTEN: '127.0.0.1:50051',
  });
}
