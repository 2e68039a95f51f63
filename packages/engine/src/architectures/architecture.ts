/** What Skein has to know of a family of models, beside what all of them share. */
import type { Architecture, ModelConfig, RopeMode } from '@skein/protocol';
import type { GgufRopeSettings } from '../model/gguf/parse-gguf-rope.js';
import type { RopeSettings } from '../model/huggingface/parse-rope.js';
import type { MetadataFields } from '../model/metadata-fields.js';

/** The sizes that every model file names. */
export type ModelSizes = Pick<
  ModelConfig,
  'blockCount' | 'hiddenSize' | 'headCount' | 'kvHeadCount' | 'headDim' | 'feedForwardSize'
>;

/** In what a model differs from Llama; fields that are left out are as in Llama. */
export type ConfigDifferences = Partial<
  Omit<ModelConfig, 'architecture' | 'rope' | 'rmsNormEpsilon' | 'bosTokenId' | 'eosTokenIds'>
>;

/** What transformers assumes for a key that config.json leaves out. */
export interface HuggingFaceDefaults {
  /** Default: as many as query heads. */
  readonly kvHeadCount?: number;
  readonly contextLength: number;
  /** Default: hidden size over query heads. */
  readonly headDim?: number;
  /** Default: 1e-6. */
  readonly rmsNormEpsilon?: number;
  /** Default: 10,000. */
  readonly theta?: number;
  /** Default: false. */
  readonly tiedEmbeddings?: boolean;
}

/** How a folder with config.json and safetensors is read. */
export interface HuggingFaceReading {
  /** `model_type` of config.json. */
  readonly modelType: string;
  /** The causal language model of the family, under `architectures` of config.json. */
  readonly className: string;
  readonly defaults: HuggingFaceDefaults;
  /** Fields that change the computation and are refused unless {@link read} reads them. */
  readonly fields?: readonly string[];
  /** Activation of the gate, where it is not SiLU. */
  readonly activation?: 'gelu-tanh';
  /** Rotary embeddings beyond what transformers computes for every family. */
  readonly rope?: { readonly mayBePartial?: boolean; readonly mayBeLong?: boolean };
  /** Rotary embeddings of a form of their own. */
  readonly readRope?: (
    fields: MetadataFields,
    options: { readonly contextLength: number; readonly headDim: number },
  ) => RopeSettings;
  /**
   * Names of a block's tensors, with the canonical ones, where they are not Llama's. `*` stands for
   * the index of an expert: its matrices become one tensor of three dimensions.
   */
  readonly tensorNames?: Readonly<Record<string, string>>;
  readonly read: (fields: MetadataFields, sizes: ModelSizes) => ConfigDifferences;
}

/** What a GGUF header shows beside its metadata. */
interface GgufEvidence {
  readonly sizes: ModelSizes;
  /** Tells whether the file has a tensor of this name. */
  readonly hasTensor: (name: string) => boolean;
}

/** How a GGUF file is read. */
export interface GgufReading {
  /** `general.architecture`. */
  readonly name: string;
  /** Tells apart families that share a name; default: all files of that name are meant. */
  readonly isMeant?: (fields: MetadataFields) => boolean;
  readonly ropeMode: RopeMode;
  /** Keys that change the computation and are refused unless {@link read} reads them. */
  readonly keys?: readonly string[];
  /**
   * Rotary embeddings beyond what llama.cpp computes for every family; `truncatesYarn` is false
   * for those that were trained without rounding the ends of YaRN's ramp.
   */
  readonly rope?: {
    readonly mayBePartial?: boolean;
    readonly mayBeLong?: boolean;
    readonly truncatesYarn?: false;
  };
  /** Parts of a block that have other than the canonical names, with these. */
  readonly tensorNames?: Readonly<Record<string, string>>;
  /** Sets what depends on the kind of block; default: all blocks are rotated alike. */
  readonly windowedRope?: (fields: MetadataFields) => Pick<GgufRopeSettings, 'theta' | 'scaling'>;
  readonly read: (fields: MetadataFields, evidence: GgufEvidence) => ConfigDifferences;
}

/** One family of models. */
export interface ArchitectureDefinition {
  readonly name: Architecture;
  /** Null where folders store the weights in a form that is not read. */
  readonly huggingFace: HuggingFaceReading | null;
  readonly gguf: GgufReading | null;
}
