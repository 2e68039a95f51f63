import { checkSeeds } from './scenario/check-seeds.js';

checkSeeds({ from: 1 });
