/** What a peer does, counted: as plain numbers, and for Prometheus. */
export { PeerActivity } from '../activity/peer-activity.js';
export { addPeerMetrics } from './peer-metrics.js';
