import { isSkeinError, limits, SkeinError, toSkeinError, type WireType } from '@skein/protocol';
import { type Clock, type Random, systemClock } from '../clock.js';
import type { GenerateOptions, GenerationEvent } from '../generate/generation-types.js';
import { maxTokensDefault } from '../generate/generation-types.js';
import { listModels, type ModelOffer, resolveModel } from '../model/model-offers.js';
import { type LoadedModel, type ModelPartCache, ModelStore } from '../model/model-store.js';
import type { Directory, SkeinNode } from '../network/contracts.js';
import { createDirectory, createSkeinNode, type SkeinNodeOptions } from '../network/index.js';
import { checkResumeState } from '../resume/check-resume-state.js';
import { parseResumeToken } from '../resume/resume-token.js';
import { longestContext } from '../routing/plan-route.js';
import { SwarmView } from '../routing/swarm-view.js';
import { encodeScored } from '../score/encode-scored.js';
import type { Score, ScoreOptions } from '../score/score-types.js';
import { Scorer } from '../score/scorer.js';
import type { SessionEnvironment, SessionOptions } from '../session/session-types.js';
import { Conversation } from './conversation.js';
import { encodePrompt } from './encode-prompt.js';
import { type Instrumentation, instrumentView } from './instrumentation.js';
import { measurePeers } from './measure-peers.js';
import { type SwarmStatus, swarmStatus } from './swarm-status.js';

/** Options of {@link createClient}. */
export interface SkeinClientOptions {
  /** Multiaddrs of nodes to join the swarm through. */
  readonly bootstrap?: readonly string[];
  /** What connects the client's own node. Default: what the platform offers. */
  readonly transports?: SkeinNodeOptions['transports'];
  /** A node to use instead of an own one. The caller starts and stops it. */
  readonly node?: SkeinNode;
  /** A directory to use instead of an own one; needs `node`. The caller starts and stops it. */
  readonly directory?: Directory;
  /** Keeps manifests and tokenizers between runs. Default: memory only. */
  readonly cache?: ModelPartCache;
  /** SHA-256 as hex. Default: `crypto.subtle`, which pages without https do not have. */
  readonly digest?: (bytes: Uint8Array) => Promise<string>;
  /** Watches what the client does. Default: nobody does. */
  readonly instrumentation?: readonly Instrumentation[];
  /** Default: the platform's. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** How a session is routed; see {@link SessionOptions} for defaults. */
export type RoutingOptions = Pick<
  SessionOptions,
  | 'acceptMixedNumerics'
  | 'excludedPeers'
  | 'firstRows'
  | 'openWaitMs'
  | 'priority'
  | 'returnWaitMs'
  | 'standby'
> & { readonly wireType?: WireType };

export interface ClientGenerateOptions extends GenerateOptions, RoutingOptions {
  /** Name or hash. */
  readonly model: string;
}

export interface ClientScoreOptions extends ScoreOptions, RoutingOptions {
  /** Name or hash. */
  readonly model: string;
}

export interface OpenSessionOptions extends RoutingOptions {
  /** Name or hash. */
  readonly model: string;
  /**
   * Longest context; peers with less room are passed over. Default: the longest, up to the model's,
   * that peers all along some route can hold.
   */
  readonly tokensMax?: number;
  readonly signal?: AbortSignal;
}

/** How a saved conversation goes on; what its numbers depend on is kept. */
export interface ResumeOptions
  extends Omit<OpenSessionOptions, 'model' | 'wireType' | 'firstRows'> {}

/** A client of a swarm. */
export interface SkeinClient {
  /** Joins the swarm. @throws SkeinError `peer-unreachable` when no bootstrap address answers */
  start(): Promise<void>;
  /** Closes all sessions and leaves. Idempotent. */
  stop(): Promise<void>;
  /**
   * Generates text. Leaving the loop ends the session on all peers within a second.
   * @throws SkeinError `model-unknown`, `no-route`, `context-exceeded`, `bad-argument`
   */
  generate(options: ClientGenerateOptions): AsyncGenerator<GenerationEvent, void, undefined>;
  /** Opens a context that lasts over several generations; the caller closes it. */
  openSession(options: OpenSessionOptions): Promise<Conversation>;
  /**
   * Tells how likely the model finds each token of a given text.
   * @throws SkeinError `model-unknown`, `no-route`, `context-exceeded`, `bad-argument`, `aborted`
   */
  score(options: ClientScoreOptions): Promise<Score>;
  /** Opens a session that scores many texts, and computes once what they begin with alike. */
  openScorer(options: OpenSessionOptions): Promise<Scorer>;
  /**
   * Goes on with a conversation that another process has saved: its answer, token for token, or its
   * next turn. The peers compute it again with the first tokens, in the steps of the first time.
   *
   * @param token from {@link Conversation.save}; it may come from anybody
   * @throws SkeinError `bad-argument` for what is no such token, `model-unknown`, `context-exceeded`
   */
  resumeSession(token: string, options?: ResumeOptions): Promise<Conversation>;
  /** What the swarm hosts of a model. @throws SkeinError `model-unknown` */
  status(options: { model: string; signal?: AbortSignal }): Promise<SwarmStatus>;
  /** Models on offer. */
  models(): Promise<readonly ModelOffer[]>;
  /** Manifest, tokenizer and chat template of a model. */
  loadModel(reference: string, options?: { signal?: AbortSignal }): Promise<LoadedModel>;
}

/** Makes a client. It does no I/O until `start()`. */
export function createClient(options: SkeinClientOptions = {}): SkeinClient {
  return new Client(options);
}

/** What exists between start and stop. */
interface Running {
  readonly environment: SessionEnvironment;
  readonly directory: Directory;
  readonly store: ModelStore;
}

class Client implements SkeinClient {
  readonly #options: SkeinClientOptions;
  /** Sessions that are open, of whatever use. */
  readonly #sessions = new Set<{ close(): Promise<void> }>();
  #starting: Promise<Running> | null = null;

  constructor(options: SkeinClientOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#running();
  }

  async stop(): Promise<void> {
    const starting = this.#starting;
    this.#starting = null;
    await Promise.all([...this.#sessions].map((session) => session.close()));
    const running = await starting?.catch(() => null);
    if (running == null) return;
    if (this.#options.directory === undefined) await running.directory.stop();
    if (this.#options.node === undefined) await running.environment.node.stop();
  }

  async *generate(
    options: ClientGenerateOptions,
  ): AsyncGenerator<GenerationEvent, void, undefined> {
    const { environment } = await this.#running();
    const model = await this.loadModel(options.model, options);
    const { tokens } = encodePrompt(model, options, { isContinuation: false });
    const wanted = tokens.length + (options.maxTokens ?? maxTokensDefault);
    // Whoever names a number gets it or an error; the default shrinks to what the peers can hold.
    const tokensMax =
      options.maxTokens !== undefined
        ? Math.min(wanted, limits.contextLengthMax)
        : Math.max(tokens.length + 1, contextFor(environment, model, options, wanted));
    await measurePeers(environment, { hash: model.hash, ...model.manifest.config });
    const conversation = this.#converse(environment, model, { ...options, tokensMax });
    try {
      const { prompt: _prompt, messages: _messages, ...rest } = options;
      yield* conversation.generate({ ...rest, promptTokens: tokens });
    } finally {
      await conversation.close();
    }
  }

  async openSession(options: OpenSessionOptions): Promise<Conversation> {
    const { environment, model, tokensMax } = await this.#prepareSession(options);
    return this.#converse(environment, model, { ...options, tokensMax });
  }

  async resumeSession(token: string, options: ResumeOptions = {}): Promise<Conversation> {
    const state = parseResumeToken(token);
    const wanted = { ...options, ...state.session, model: state.model };
    const { environment, model, tokensMax } = await this.#prepareSession(wanted);
    checkResumeState(state, model, tokensMax);
    const conversation = this.#converse(environment, model, { ...wanted, tokensMax });
    conversation.restore(state);
    return conversation;
  }

  async openScorer(options: OpenSessionOptions): Promise<Scorer> {
    const { environment, model, tokensMax } = await this.#prepareSession(options);
    const scorer = new Scorer(environment, model, { ...options, tokensMax }, () =>
      this.#sessions.delete(scorer),
    );
    this.#sessions.add(scorer);
    return scorer;
  }

  async score(options: ClientScoreOptions): Promise<Score> {
    const model = await this.loadModel(options.model, options);
    const { tokens } = encodeScored(model, options);
    // Of the last token nothing is computed, but a session holds one at least.
    const tokensMax = Math.min(tokens.length, limits.contextLengthMax);
    const scorer = await this.openScorer({ ...options, tokensMax });
    try {
      return await scorer.score(options);
    } finally {
      await scorer.close();
    }
  }

  /** What a session that lasts needs: the model, measured peers, and the room that they have. */
  async #prepareSession(options: OpenSessionOptions) {
    const { environment } = await this.#running();
    const model = await this.loadModel(options.model, options);
    await measurePeers(environment, { hash: model.hash, ...model.manifest.config });
    const { contextLength } = model.manifest.config;
    const tokensMax = options.tokensMax ?? contextFor(environment, model, options, contextLength);
    return { environment, model, tokensMax };
  }

  async status(options: { model: string; signal?: AbortSignal }): Promise<SwarmStatus> {
    const { directory } = await this.#running();
    const offer = await this.#resolve(options.model, options);
    return swarmStatus(directory.records(), offer);
  }

  async models(): Promise<readonly ModelOffer[]> {
    const { directory } = await this.#running();
    if (directory.records().length === 0) await directory.refresh({});
    return listModels(directory.records());
  }

  async loadModel(
    reference: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<LoadedModel> {
    const { store } = await this.#running();
    const { hash } = await this.#resolve(reference, options);
    return await store.load(hash, signalOnly(options));
  }

  #converse(
    environment: SessionEnvironment,
    model: LoadedModel,
    options: RoutingOptions & { tokensMax?: number },
  ): Conversation {
    const { instrumentation = [] } = this.#options;
    const all = { ...options, instrumentation };
    const conversation = new Conversation(environment, model, all, () =>
      this.#sessions.delete(conversation),
    );
    this.#sessions.add(conversation);
    return conversation;
  }

  /** Finds a model; one that is not known yet is looked for once. */
  async #resolve(reference: string, options: { signal?: AbortSignal }): Promise<ModelOffer> {
    const { directory } = await this.#running();
    try {
      return resolveModel(directory.records(), reference);
    } catch (error) {
      if (!isSkeinError(error) || error.code !== 'model-unknown') throw error;
      await directory.refresh({ modelName: reference, ...signalOnly(options) });
      return resolveModel(directory.records(), reference);
    }
  }

  #running(): Promise<Running> {
    this.#starting ??= this.#start().catch((error) => {
      this.#starting = null;
      throw error;
    });
    return this.#starting;
  }

  async #start(): Promise<Running> {
    const { bootstrap = [], transports, clock = systemClock, random = Math.random } = this.#options;
    const node =
      this.#options.node ??
      (await createSkeinNode({
        listen: [],
        bootstrap,
        mode: 'client',
        ...(transports !== undefined && { transports }),
      }));
    const directory =
      this.#options.directory ?? createDirectory({ node, bootstrap, clock, random });
    if (this.#options.node === undefined) await node.start();
    try {
      if (bootstrap.length > 0) await reachBootstrap(node, bootstrap);
      if (this.#options.directory === undefined) await directory.start();
      await directory.refresh({});
    } catch (error) {
      if (this.#options.directory === undefined) await directory.stop();
      if (this.#options.node === undefined) await node.stop();
      throw error;
    }
    const view = new SwarmView(directory, clock);
    instrumentView(view, this.#options.instrumentation ?? []);
    const { cache, digest } = this.#options;
    const store = new ModelStore({
      node,
      clock,
      records: () => directory.records(),
      ...(cache !== undefined && { cache }),
      ...(digest !== undefined && { digest }),
    });
    return { environment: { node, view, clock, random }, directory, store };
  }
}

/** @throws SkeinError `peer-unreachable` that says what to look at */
async function reachBootstrap(node: SkeinNode, bootstrap: readonly string[]): Promise<void> {
  try {
    await node.connect(bootstrap, {});
  } catch (error) {
    const text = [
      `none of the bootstrap addresses answered: ${bootstrap.join(', ')}`,
      '1. check that a peer runs there: `skein peer` prints its addresses when it is ready',
      '2. check that the address ends in /p2p/ and the peer’s id, and that its port is open',
      '3. name another peer with --bootstrap',
    ].join('\n');
    const { message } = toSkeinError(error);
    throw new SkeinError('peer-unreachable', text, {
      cause: error,
      details: { bootstrap, message },
    });
  }
}

/** The longest context up to `wanted` that some route can hold; `wanted` when there is no route. */
function contextFor(
  { view }: SessionEnvironment,
  { hash, manifest }: LoadedModel,
  { acceptMixedNumerics = false }: RoutingOptions,
  wanted: number,
): number {
  const { blockCount, contextLength } = manifest.config;
  const tokensMax = Math.min(wanted, contextLength);
  const request = { model: hash, blockCount, acceptMixedNumerics, tokensMax };
  return longestContext(view.snapshot(hash), request) || tokensMax;
}

function signalOnly({ signal }: { readonly signal?: AbortSignal }): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
