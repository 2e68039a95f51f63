import type { SkeinNode } from '@skein/client/network';
import {
  reportProtocol,
  reportRequestSchema,
  signedStatusProtocol,
  signedStatusRequestSchema,
  statusProtocol,
  statusRequestSchema,
} from '@skein/protocol';
import { answerReports } from './answer-reports.js';
import { answerSignedStatus, type SignedStatusSource } from './answer-signed-status.js';
import { answerStatus } from './answer-status.js';
import { NeighbourStatuses, type NeighbourStatusesOptions } from './neighbour-statuses.js';

/** What {@link serveStatuses} needs: of this peer, and of those that it tells of. */
export type StatusesOptions = SignedStatusSource & NeighbourStatusesOptions;

/**
 * Tells observers how this peer is, and how others are.
 *
 * @returns a function that ends the lines to others
 */
export async function serveStatuses(options: StatusesOptions): Promise<() => void> {
  const { node, clock }: { node: SkeinNode; clock: StatusesOptions['clock'] } = options;
  const neighbours = new NeighbourStatuses(options);
  const own = answerStatus(() => options.describe());
  await node.serve(statusProtocol, statusRequestSchema, own);
  await node.serve(signedStatusProtocol, signedStatusRequestSchema, answerSignedStatus(options));
  await node.serve(reportProtocol, reportRequestSchema, answerReports({ neighbours, clock }));
  return () => neighbours.stop();
}
