export { Bans } from './bans.js';
export { Measurements } from './measurements.js';
export { longestContext, planRepair, planRoute, type RouteRequest } from './plan-route.js';
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
