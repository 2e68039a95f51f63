import {
  hashManifest,
  limits,
  type ModelHash,
  type ModelManifest,
  type ModelRequest,
  SkeinError,
  toSkeinError,
  type VerifiedRecord,
} from '@skein/protocol';
import * as z from 'zod';
import type { Clock } from '../clock.js';
import type { SkeinNode } from '../network/contracts.js';
import { createTokenizer, type Tokenizer } from '../text/index.js';
import { fetchModelPart } from './fetch-model-part.js';

/** Where model parts are kept between runs: bytes by their SHA-256, checked when they are read. */
export interface ModelPartCache {
  get(key: string): Promise<Uint8Array | null>;
  set(key: string, bytes: Uint8Array): Promise<void>;
}

/** What a client knows of a model, all of it checked against the model's hash. */
export interface LoadedModel {
  readonly hash: ModelHash;
  readonly manifest: ModelManifest;
  /** Null for a model without one: only tokens go in and out. */
  readonly tokenizer: Tokenizer | null;
  readonly chatTemplate: string | null;
}

/** Collaborators of a {@link ModelStore}. */
export interface ModelStoreOptions {
  readonly node: SkeinNode;
  readonly clock: Clock;
  /** Records of peers that may have the model. */
  readonly records: () => readonly VerifiedRecord[];
  readonly cache?: ModelPartCache;
  /** SHA-256 as hex. Default: the platform's `crypto.subtle`. */
  readonly digest?: (bytes: Uint8Array) => Promise<string>;
}

/** Models held in memory at once; the one loaded first is dropped. */
const modelsMax = 16;

/** Peers that are asked for one part before it is given up. */
const askedPeersMax = 8;

/** The fields that a client reads; the hash vouches for all others. */
const manifestSchema = z.looseObject({
  version: z.literal(1),
  name: z.string().max(limits.nameCharactersMax),
  config: z.looseObject({
    blockCount: z.int().min(1).max(limits.blockCountMax),
    hiddenSize: z.int().min(1).max(limits.hiddenSizeMax),
    vocabSize: z.int().min(1).max(limits.vocabSizeMax),
    contextLength: z.int().min(1).max(limits.contextLengthMax),
    bosTokenId: z.int().min(0).nullable(),
    eosTokenIds: z.array(z.int().min(0)).max(64),
  }),
  tensors: z.array(z.unknown()),
  tokenizerDigest: z.string().nullable(),
  chatTemplateDigest: z.string().nullable(),
});

/** Fetches manifests, tokenizers and chat templates from peers, and keeps them. */
export class ModelStore {
  readonly #options: ModelStoreOptions;
  readonly #digest: (bytes: Uint8Array) => Promise<string>;
  readonly #loading = new Map<ModelHash, Promise<LoadedModel>>();

  constructor(options: ModelStoreOptions) {
    this.#options = options;
    this.#digest = options.digest ?? sha256Hex;
  }

  /**
   * Loads a model's description from any peer that hosts it. Peers that send something else are
   * passed over.
   *
   * @throws SkeinError `model-corrupt` when no peer has parts that match, `peer-unreachable`
   */
  async load(hash: ModelHash, options: { signal?: AbortSignal } = {}): Promise<LoadedModel> {
    const known = this.#loading.get(hash);
    if (known !== undefined) return await known;
    const loading = this.#load(hash, options);
    this.#loading.set(hash, loading);
    for (const oldest of this.#loading.keys()) {
      if (this.#loading.size > modelsMax) this.#loading.delete(oldest);
    }
    try {
      return await loading;
    } catch (error) {
      this.#loading.delete(hash);
      throw error;
    }
  }

  async #load(hash: ModelHash, options: { signal?: AbortSignal }): Promise<LoadedModel> {
    const manifestKey = `manifest-${hash}`;
    const manifest = await this.#part(hash, 'manifest', manifestKey, options, async (bytes) =>
      parseManifest(bytes, hash),
    );
    const { tokenizerDigest, chatTemplateDigest } = manifest;
    const fetchText = async (part: ModelRequest['part'], digest: string | null) => {
      if (digest === null) return null;
      return await this.#part(hash, part, digest, options, (bytes) => this.#text(bytes, digest));
    };
    const [tokenizerJson, chatTemplate] = await Promise.all([
      fetchText('tokenizer', tokenizerDigest),
      fetchText('chat-template', chatTemplateDigest),
    ]);
    const tokenizer = tokenizerJson === null ? null : createTokenizer(tokenizerJson);
    return { hash, manifest, tokenizer, chatTemplate };
  }

  /** A checked part from the cache, or from the first peer that has it. */
  async #part<Value>(
    hash: ModelHash,
    part: ModelRequest['part'],
    key: string,
    options: { signal?: AbortSignal },
    check: (bytes: Uint8Array) => Promise<Value>,
  ): Promise<Value> {
    const cached = await this.#options.cache?.get(key);
    if (cached) {
      const value = await check(cached).catch(() => null);
      // A spoiled cache is no reason to fail: the part is fetched again.
      if (value !== null) return value;
    }
    const hosts = this.#options.records().filter(({ body }) => body.model === hash);
    let lastError = new SkeinError('model-unknown', `no peer to ask for model ${hash}`);
    for (const { peerId, body } of hosts.slice(0, askedPeersMax)) {
      try {
        const remote = { peer: peerId, multiaddrs: body.multiaddrs };
        const { node, clock } = this.#options;
        const bytes = await fetchModelPart(
          node,
          remote,
          { model: hash, part },
          { clock, ...options },
        );
        const value = await check(bytes);
        await this.#options.cache?.set(key, bytes);
        return value;
      } catch (error) {
        if (options.signal?.aborted) throw toSkeinError(error);
        lastError = toSkeinError(error);
      }
    }
    throw lastError;
  }

  async #text(bytes: Uint8Array, digest: string): Promise<string> {
    if ((await this.#digest(bytes)) !== digest) {
      throw new SkeinError('model-corrupt', 'a part of the model does not match its digest');
    }
    return new TextDecoder().decode(bytes);
  }
}

function parseManifest(bytes: Uint8Array, hash: ModelHash): ModelManifest {
  try {
    const manifest = manifestSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const checked = manifest as unknown as ModelManifest;
    if (hashManifest(checked) === hash) return checked;
  } catch (cause) {
    throw new SkeinError('model-corrupt', 'a peer sent an unreadable manifest', { cause });
  }
  throw new SkeinError('model-corrupt', 'a peer sent the manifest of another model');
}

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
