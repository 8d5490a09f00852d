import type { CrashTask } from './print.ts'
import { runCrashes, SCENARIOS } from './run.ts'

/** A child process: tells one scenario under one mode and seed, and sends its row. */
const { scenario, mode, seed, pairs } = JSON.parse(process.argv[2] ?? '{}') as CrashTask
const scenarios = SCENARIOS.filter(({ name }) => name === scenario)
for await (const row of runCrashes({ scenarios, mode, seeds: [seed], pairs })) process.send?.(row)
process.disconnect?.()
