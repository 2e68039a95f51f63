/** What the two processes say to each other. Both are the same version of this package. */
import {
  type EngineInfo,
  type HiddenType,
  isErrorCode,
  type KvType,
  limits,
  type SessionId,
  type SessionUse,
  SkeinError,
} from '@skein/protocol';
import type { ConcreteDevice } from '../ggml/choose-device.js';
import type { DeviceInspection } from '../ggml/inspect-device.js';
import type { LoadRequest } from '../load-computer.js';
import type { BackendName } from '../tfjs/backends.js';

/** One item of a step; its input rows are in the body, in the items' order. */
export interface StepItemHeader {
  readonly session: SessionId;
  readonly position: number;
  readonly rows: number;
  readonly input: 'tokens' | HiddenType;
  readonly inputBytes: number;
  readonly output: 'none' | 'last' | 'all' | HiddenType;
  readonly topK: number;
  readonly rowByRow?: boolean;
  /** Targets follow the input, one for each row of logits; 0: none. */
  readonly targetCount: number;
}

/** A call to the engine's process. Every call is answered in order, by its id. */
export type Request =
  | { readonly call: 'load'; readonly options: LoadRequest }
  | { readonly call: 'inspect'; readonly device: ConcreteDevice }
  | { readonly call: 'inspect-backend'; readonly backend: BackendName }
  | ({ readonly call: 'open'; readonly session: SessionId } & Required<SessionUse>)
  | { readonly call: 'close'; readonly session: SessionId }
  | { readonly call: 'step'; readonly items: readonly StepItemHeader[] }
  | { readonly call: 'truncate'; readonly session: SessionId; readonly position: number }
  | ({ readonly call: 'export'; readonly session: SessionId } & KvRange)
  | ({ readonly call: 'import'; readonly session: SessionId } & KvChunkHeader)
  | { readonly call: 'set-length'; readonly session: SessionId; readonly length: number };

export type CallName = Request['call'];

interface KvRange {
  readonly block: number;
  readonly start: number;
  readonly end: number;
}

/** A piece of cache; keys and then values are in the body. */
export interface KvChunkHeader {
  readonly block: number;
  readonly position: number;
  readonly count: number;
  readonly type: KvType;
  readonly keyBytes: number;
}

/** What an error is on the way between the processes. */
export interface ErrorHeader {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A session's account after a call. */
export interface SessionState {
  readonly length: number;
  readonly heldTokens: number;
}

/** Output of one step item; its bytes are in the body, in the items' order. */
export type OutputHeader =
  | { readonly kind: 'none' }
  | { readonly kind: 'hidden'; readonly type: HiddenType; readonly bytes: number }
  | {
      readonly kind: 'logits';
      readonly rowCount: number;
      readonly width: number;
      readonly hasIds: boolean;
      readonly hasTargets: boolean;
    };

/** What became of one step item. */
export type OutcomeHeader = SessionState &
  (OutputHeader | { readonly kind: 'error'; readonly error: ErrorHeader });

/** Results by call. */
export interface Results {
  load: { readonly info: EngineInfo };
  inspect: DeviceInspection;
  'inspect-backend': { readonly description: string };
  open: Record<never, never>;
  close: Record<never, never>;
  step: { readonly computeUs: number; readonly outcomes: readonly OutcomeHeader[] };
  truncate: SessionState;
  export: KvChunkHeader;
  import: SessionState;
  'set-length': SessionState;
}

/** An answer, or news of a load that is under way. */
export type Response =
  | { readonly id: number; readonly ok: true; readonly result: Results[CallName] }
  | { readonly id: number; readonly ok: false; readonly error: ErrorHeader }
  | { readonly id: 0; readonly loadedBytes: number; readonly totalBytes: number };

export function toErrorHeader(error: SkeinError): ErrorHeader {
  const message = error.message.slice(0, limits.errorCharactersMax);
  return { code: error.code, message, details: error.details };
}

export function fromErrorHeader({ code, message, details }: ErrorHeader): SkeinError {
  return new SkeinError(isErrorCode(code) ? code : 'internal', message, { details });
}
