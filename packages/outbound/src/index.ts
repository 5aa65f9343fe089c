export { addressCheck } from './address-check.ts';
export { RefusedAddress, type Lookup, type LookupAddress } from './checked-connector.ts';
export { guardedConnector, type GuardedConnectorOptions } from './guarded-connector.ts';
export {
  openOutbound,
  type Outbound,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './open-outbound.ts';
