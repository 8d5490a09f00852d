import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { mapLimit } from '../../shared/controllers/map-limit.ts'
import type { Violation } from '../invariants/contract.ts'
import { INVARIANTS, type InvariantId } from '../invariants/table.ts'
import type { Mutation } from './contract.ts'
import { findMutation, MUTATIONS } from './list.ts'

/** How a mutation fared. */
export interface Caught {
  readonly mutation: Mutation
  /** Undefined where it was not caught; `error` says what else went wrong. */
  readonly violation: Violation | undefined
  readonly seed: number
  readonly requests: number
  /** All invariants that were seen violated. */
  readonly others: readonly InvariantId[]
  readonly error: string | undefined
}

export interface MutationOptions {
  readonly mutations?: readonly Mutation[]
  /** Seeds that a mutation has to show itself in. */
  readonly seeds?: number
  readonly parallel?: number
}

const ROOT = resolve(import.meta.dirname, '../..')
const SEEDS = 3
/** Real time for one mutation on a busy machine. */
const LIMIT_MS = 240_000

/** Runs each mutation in a process of its own until it shows. @returns all of them, in the order of the list */
export async function runMutations(options: MutationOptions = {}): Promise<readonly Caught[]> {
  const { mutations = MUTATIONS, seeds = SEEDS, parallel = availableParallelism() } = options
  return mapLimit(mutations, parallel, mutation => runOne(mutation, seeds))
}

interface Line {
  readonly seed: number
  readonly requests: number
  readonly found?: Violation
  readonly others: readonly InvariantId[]
}

function runOne(mutation: Mutation, seeds: number): Promise<Caught> {
  const { NODE_OPTIONS: _ofTap, ...env } = process.env
  const file = (name: string): string => join(ROOT, 'torture/mutations', name)
  const args = ['--import', file('load.ts'), file('child.ts'), '1', String(seeds)]
  const settings = { cwd: ROOT, timeout: LIMIT_MS, env: { ...env, MUTATION: mutation.name } }
  return new Promise(settle => {
    execFile(process.execPath, args, settings, (error, stdout, stderr) => {
      const lines = stdout.split('\n').flatMap(text => (text ? [JSON.parse(text) as Line] : []))
      const last = lines.at(-1)
      const isBroken = error !== null && last === undefined
      settle({
        mutation,
        violation: last?.found,
        seed: last?.seed ?? 0,
        requests: last?.requests ?? 0,
        others: [...new Set(lines.flatMap(({ others }) => others))],
        error: isBroken ? stderr.trim() || error.message : undefined,
      })
    })
  })
}

/** Invariants that no mutation of these shows. */
export const findUnshown = (all: readonly Caught[]): readonly string[] =>
  Object.keys(INVARIANTS).filter(
    id => !all.some(({ mutation, violation }) => violation && mutation.violates === id),
  )

/** The table: mutation, invariant, seed, requests. */
export const toTable = (all: readonly Caught[]): string =>
  [
    '| invariant | mutation | file | shown by | seed | requests |',
    '|---|---|---|---|---|---|',
    ...all.map(({ mutation, violation, seed, requests, others, error }) => {
      const { violates, name, file, story } = mutation
      const outcome = violation ? seed : `NOT CAUGHT ${error ?? others.join()}`
      return `| ${violates} | ${name} | ${file} | ${story} | ${outcome} | ${requests} |`
    }),
  ].join('\n')

export interface PrintOptions {
  readonly print: (line: string) => void
  readonly parallel?: number
  /** Of mutations; all by default. */
  readonly names?: readonly string[]
}

/** Runs them and prints the table. @returns whether every one was caught, and every invariant shown to be able to fail */
export async function printMutations({ print, names = [], ...options }: PrintOptions): Promise<boolean> {
  const mutations = names.length > 0 ? names.map(findMutation) : MUTATIONS
  const all = await runMutations({ mutations, ...options })
  print(toTable(all))
  const caught = all.filter(({ violation }) => violation).length
  const unshown = names.length > 0 ? [] : findUnshown(all)
  const rest = unshown.length > 0 ? `; no mutation shows ${unshown.join()}` : ''
  print(`${caught} of ${all.length} mutations caught${rest}`)
  return caught === all.length && unshown.length === 0
}
