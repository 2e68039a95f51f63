/** What the page of the browser test brings: the SDK, under a name that the test can call. */
import { createClient } from '@skein/client';

Object.assign(globalThis, { skein: { createClient } });
