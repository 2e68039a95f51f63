import * as z from 'zod';
import type { PeerId } from '../ids.js';
import { limits } from '../limits.js';
import { errorMessageSchema, isCount, listOf, peerIdSchema } from './common.js';

/**
 * Statuses by way of neighbours: an observer asks a peer that it has a line to (the reporter) for the
 * signed statuses of peers that it has none to. docs/protocol.md, "Reports".
 */

/** A peer's own status, signed. A stream stays open for more than one question. */
export const signedStatusProtocol = '/skein/signed-status/1.0.0';

export const signedStatusRequestSchema = z.strictObject({
  type: z.literal('signed-status-request'),
});
export type SignedStatusRequest = z.infer<typeof signedStatusRequestSchema>;

const isSignedStatus = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && value.byteLength <= limits.signedStatusBytesMax;

export const signedStatusSchema = z.strictObject({
  type: z.literal('signed-status'),
  /** The envelope of `signStatus`. */
  status: z.custom<Uint8Array>(isSignedStatus, 'the bytes of a signed status'),
});
export type SignedStatusMessage = z.infer<typeof signedStatusSchema>;

export const signedStatusAnswerSchema = z.discriminatedUnion('type', [
  signedStatusSchema,
  errorMessageSchema,
]);

/** Statuses of others. A stream stays open for more than one question, one after the other. */
export const reportProtocol = '/skein/report/1.0.0';

const isPeerId = (value: unknown): value is PeerId => peerIdSchema.safeParse(value).success;

export const reportRequestSchema = z.strictObject({
  type: z.literal('report-request'),
  peers: listOf(isPeerId, { countMin: 1, countMax: limits.reportPeersMax }, 'peer ids'),
});
export type ReportRequest = z.infer<typeof reportRequestSchema>;

/**
 * Why a reporter has no status of a peer. It is a claim, which nobody has to believe.
 * - `unknown`: it knows no record of the peer.
 * - `unsupported`: the peer is there, and its version does not sign.
 * - `silent`: it does not answer, or cannot be reached.
 * - `later`: it was not asked yet, or has not answered yet.
 */
export const reportGaps = ['unknown', 'unsupported', 'silent', 'later'] as const;
export type ReportGap = (typeof reportGaps)[number];

type ReportedStatus = [peer: PeerId, ageMs: number, status: Uint8Array];
type ReportedGap = [peer: PeerId, gap: ReportGap];

function isReportedStatus(value: unknown): value is ReportedStatus {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [peer, ageMs, status] = value as unknown[];
  return isPeerId(peer) && isCount(ageMs, limits.signedStatusAgeMsMax) && isSignedStatus(status);
}

function isReportedGap(value: unknown): value is ReportedGap {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return isPeerId(value[0]) && (reportGaps as readonly unknown[]).includes(value[1]);
}

/** A part of an answer: what is known by now. */
export const reportSchema = z.strictObject({
  type: z.literal('report'),
  /** With the time since the reporter was told. */
  statuses: listOf(isReportedStatus, { countMax: limits.reportPeersMax }, 'signed statuses'),
  gaps: listOf(isReportedGap, { countMax: limits.reportPeersMax }, 'peers without a status'),
  /** Nothing more comes for this question. */
  isLast: z.boolean(),
});
export type ReportMessage = z.infer<typeof reportSchema>;

export const reportAnswerSchema = z.discriminatedUnion('type', [reportSchema, errorMessageSchema]);
