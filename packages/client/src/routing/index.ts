export { Bans } from './bans.js';
export type { Measured } from './measured.js';
export {
  type LoadReport,
  Measurements,
  type ObservedLoad,
  type PeerMeasurements,
} from './measurements.js';
export {
  longestContext,
  planRepair,
  planRoute,
  planRoutes,
  type RouteRequest,
} from './plan-route.js';
export { routingLimits } from './routing-limits.js';
export type {
  NoRoute,
  PeerView,
  Route,
  RoutedRecord,
  RouteHop,
  SegmentRequest,
  SwarmSnapshot,
} from './snapshot.js';
export { SwarmView } from './swarm-view.js';
