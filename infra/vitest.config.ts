// The templates take a second or two to be made; on a machine that has other things to do, many.

import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } });
