export type {
  BatchEvent,
  BatchItem,
  BatchOptions,
  BatchProgressEvent,
  ItemEndEvent,
  ItemErrorEvent,
  ItemRerouteEvent,
  ItemStartEvent,
} from './batch-types.js';
export { generateBatch } from './generate-batch.js';
