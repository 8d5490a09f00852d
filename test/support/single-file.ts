import { spawn, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { type Binary, buildBinary } from '../../infra/binary/executable.ts'
import { hostPlatform, type Platform } from '../../infra/binary/platform.ts'
import { runTool } from '../../infra/tool.ts'

/** What the single files of tests say of themselves: commits that change no source need no new file. */
export const TEST_VERSION = 'v0.0.0-test (0000000000000000000000000000000000000000)'

const ROOT = resolve(import.meta.dirname, '../..')
/** No variables of ours, and nowhere to find a program. */
const BARE = { PATH: '' }

/** The single file of the sources as they are, built once for all tests that want it. */
export const buildTestBinary = (platform: Platform = hostPlatform(), cache?: string): Promise<Binary> =>
  buildBinary(platform, { root: ROOT, run: runTool, version: TEST_VERSION, cache })

/** Runs a program with these variables, no others, in the top folder of the system. */
export const runBare = (path: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  spawnSync(path, args, { cwd: '/', encoding: 'utf8', env: { ...BARE, ...env } })

/** Starts it likewise, to be ended by the caller. */
export const startBare = (path: string, args: readonly string[]) =>
  spawn(path, args, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], env: BARE })
