import { describe } from 'vitest';
import { openSilicon } from '../../../src/emu/silicon/silicon.ts';
import { describeEngine } from '../../kit/engine-suite.ts';
import { siliconMissing } from '../../kit/silicon.ts';

const missing = siliconMissing();

describe.skipIf(missing !== undefined)(
  `silicon${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    describeEngine('silicon', openSilicon);
    describeEngine('silicon', openSilicon, 'at its door');
  },
);
