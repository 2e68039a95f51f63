/** Steps and their outcomes as headers and bytes. */
import type { BatchOutcome, Logits, StepItem, StepOutcome, StepOutput } from '@skein/protocol';
import { toSkeinError } from '@skein/protocol';
import {
  fromErrorHeader,
  type OutcomeHeader,
  type OutputHeader,
  type SessionState,
  type StepItemHeader,
  toErrorHeader,
} from './messages.js';

/** Takes byte ranges off a body, one after the other. */
export class BodyReader {
  private offset = 0;

  constructor(private readonly body: Uint8Array) {}

  /** The next bytes, without a copy. */
  bytes(count: number): Uint8Array {
    this.offset += count;
    return this.body.subarray(this.offset - count, this.offset);
  }

  /** The next 32-bit numbers, copied to where they are aligned. */
  int32(count: number): Int32Array {
    return new Int32Array(this.bytes(4 * count).slice().buffer);
  }

  float32(count: number): Float32Array {
    return new Float32Array(this.bytes(4 * count).slice().buffer);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export function encodeStepItems(items: readonly StepItem[]): {
  headers: StepItemHeader[];
  body: Uint8Array[];
} {
  const body: Uint8Array[] = [];
  const headers = items.map(
    ({ session, position, rows, input, output, rowByRow }): StepItemHeader => {
      const inputBytes = input.kind === 'tokens' ? bytesOf(input.tokens) : input.bytes;
      const targets = output.kind === 'logits' ? output.targets : undefined;
      body.push(inputBytes);
      if (targets !== undefined) body.push(bytesOf(targets));
      return {
        session,
        position,
        rows,
        input: input.kind === 'tokens' ? 'tokens' : input.type,
        inputBytes: inputBytes.byteLength,
        output:
          output.kind === 'none' ? 'none' : output.kind === 'hidden' ? output.type : output.rows,
        topK: output.kind === 'logits' ? output.topK : 0,
        targetCount: targets?.length ?? 0,
        ...(rowByRow === true && { rowByRow }),
      };
    },
  );
  return { headers, body };
}

export function decodeStepItems(headers: readonly StepItemHeader[], body: Uint8Array): StepItem[] {
  const reader = new BodyReader(body);
  return headers.map((header) => ({
    session: header.session,
    position: header.position,
    rows: header.rows,
    input:
      header.input === 'tokens'
        ? { kind: 'tokens', tokens: reader.int32(header.inputBytes / 4) }
        : { kind: 'hidden', type: header.input, bytes: reader.bytes(header.inputBytes) },
    output: decodeOutputKind(header, reader),
    ...(header.rowByRow === true && { rowByRow: true }),
  }));
}

function decodeOutputKind(
  { output, topK, targetCount }: StepItemHeader,
  reader: BodyReader,
): StepItem['output'] {
  if (output === 'none') return { kind: 'none' };
  if (output !== 'last' && output !== 'all') return { kind: 'hidden', type: output };
  const logits = { kind: 'logits', rows: output, topK } as const;
  return targetCount === 0 ? logits : { ...logits, targets: reader.int32(targetCount) };
}

export function encodeOutcomes(
  outcome: BatchOutcome,
  states: readonly SessionState[],
): { headers: OutcomeHeader[]; body: Uint8Array[] } {
  const body: Uint8Array[] = [];
  const headers = outcome.outcomes.map((each, index): OutcomeHeader => {
    const state = states[index] as SessionState;
    return each.ok
      ? { ...state, ...encodeOutput(each.output, body) }
      : { ...state, kind: 'error', error: toErrorHeader(toSkeinError(each.error)) };
  });
  return { headers, body };
}

/** Describes an output and appends its bytes to the body. */
function encodeOutput(output: StepOutput, body: Uint8Array[]): OutputHeader {
  switch (output.kind) {
    case 'none':
      return { kind: 'none' };
    case 'hidden':
      body.push(output.bytes);
      return { kind: 'hidden', type: output.type, bytes: output.bytes.byteLength };
    case 'logits': {
      const { rowCount, width, ids, logits, logNormalisers, targetLogits } = output.logits;
      if (ids !== null) body.push(bytesOf(ids));
      body.push(bytesOf(logits), bytesOf(logNormalisers));
      const hasTargets = targetLogits !== undefined;
      if (hasTargets) body.push(bytesOf(targetLogits));
      return { kind: 'logits', rowCount, width, hasIds: ids !== null, hasTargets };
    }
  }
}

export function decodeOutcomes(headers: readonly OutcomeHeader[], body: Uint8Array): StepOutcome[] {
  const reader = new BodyReader(body);
  return headers.map((header) =>
    header.kind === 'error'
      ? { ok: false, error: fromErrorHeader(header.error) }
      : { ok: true, output: decodeOutput(header, reader) },
  );
}

function decodeOutput(header: OutputHeader, reader: BodyReader): StepOutput {
  switch (header.kind) {
    case 'none':
      return { kind: 'none' };
    case 'hidden':
      return { kind: 'hidden', type: header.type, bytes: reader.bytes(header.bytes) };
    case 'logits': {
      const { rowCount, width, hasIds, hasTargets } = header;
      const logits: Logits = {
        rowCount,
        width,
        ids: hasIds ? reader.int32(rowCount * width) : null,
        logits: reader.float32(rowCount * width),
        logNormalisers: reader.float32(rowCount),
        ...(hasTargets && { targetLogits: reader.float32(rowCount) }),
      };
      return { kind: 'logits', logits };
    }
  }
}
