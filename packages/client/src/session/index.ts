export { noRouteError } from './no-route-error.js';
export type { AheadRequest } from './run-ahead.js';
export { sessionLimits } from './session-limits.js';
export type {
  MovedCache,
  RerouteEvent,
  RouteEvent,
  SessionEnvironment,
  SessionEvent,
  SessionModel,
  SessionOptions,
  StandbyEvent,
  WaitingEvent,
} from './session-types.js';
export { type ExtendOptions, type HopUsageReport, SwarmSession } from './swarm-session.js';
