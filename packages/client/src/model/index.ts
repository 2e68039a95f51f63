export { listModels, type ModelOffer, resolveModel } from './model-offers.js';
export {
  type LoadedModel,
  type ModelPartCache,
  ModelStore,
  type ModelStoreOptions,
} from './model-store.js';
