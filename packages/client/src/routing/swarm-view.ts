import type { ModelHash, PeerId, VerifiedRecord } from '@skein/protocol';
import type { Clock } from '../clock.js';
import type { Directory } from '../network/contracts.js';
import { Bans } from './bans.js';
import { Measurements } from './measurements.js';
import type { SwarmSnapshot } from './snapshot.js';

/** What one client knows of the swarm: the directory's records, its own measurements, its bans. */
export class SwarmView {
  readonly directory: Directory;
  readonly bans: Bans;
  readonly measurements: Measurements;

  constructor(directory: Directory, clock: Clock) {
    this.directory = directory;
    const now = () => clock.now();
    this.bans = new Bans(now);
    this.measurements = new Measurements(now);
  }

  /** Plain data for the planner: the peers of one model as they are at this moment. */
  snapshot(model: ModelHash): SwarmSnapshot {
    const peers = this.directory
      .records()
      .filter(({ body }) => body.model === model)
      .map(({ peerId: peer, body }) => ({
        peer,
        record: body,
        ...this.measurements.view(peer),
        isBanned: this.bans.isBanned(peer),
      }));
    return { peers };
  }

  record(peer: PeerId): VerifiedRecord | null {
    return this.directory.get(peer);
  }
}
