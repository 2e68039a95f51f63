/**
 * Seeds the property tests. `pnpm test` draws the same cases each time, so that what passed passes
 * on the next machine too; `pnpm fuzz` sets `SKEIN_PROPERTY_SEED` and draws new ones.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.SKEIN_PROPERTY_SEED ?? 1) });
