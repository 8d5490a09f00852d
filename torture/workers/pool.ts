import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Outcome } from '../histories/tell.ts'
import { UNTOLD } from './untold.ts'

/** What a child process answers to a seed. */
export interface Told extends Outcome {
  /** Bytes that the process holds. */
  readonly memory: number
}

export interface PoolOptions {
  readonly jobs: number
  readonly seeds: Iterator<number>
  readonly onTold: (told: Told) => void
}

/** Of one history; it takes seconds. */
const LIMIT_MS = 600_000
/** Histories of one process: what a world leaves in memory ends with it. */
const LIFE = 100
const WORKER = join(import.meta.dirname, 'worker.ts')

/** Tells the histories of all seeds, each worker one after the other: a world has a process of its own for itself. */
export async function tellAll({ jobs, seeds, onTold }: PoolOptions): Promise<void> {
  await Promise.all(Array.from({ length: jobs }, () => work(seeds, onTold)))
}

/** A worker that dies takes its seed with it, which counts as a violation; another one goes on. */
async function work(seeds: Iterator<number>, onTold: PoolOptions['onTold']): Promise<void> {
  let child: ChildProcess | undefined
  let age = 0
  for (let next = seeds.next(); !next.done; next = seeds.next()) {
    child ??= fork(WORKER, { env: { ...process.env, NODE_OPTIONS: '' } })
    const told = await ask(child, next.value)
    age += 1
    if (told.memory === 0 || age === LIFE) {
      child.kill('SIGKILL')
      child = undefined
      age = 0
    }
    onTold(told)
  }
  child?.kill()
}

function ask(child: ChildProcess, seed: number): Promise<Told> {
  return new Promise(resolve => {
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    const onMessage = (told: Told): void => {
      clearTimeout(limit)
      child.off('exit', onExit)
      resolve(told)
    }
    const onExit = (code: number | null): void => {
      clearTimeout(limit)
      child.off('message', onMessage)
      const how = code === null ? `was ended after ${LIMIT_MS / 1000} s` : `ended with ${code}`
      resolve({ ...UNTOLD, seed, violations: [`the process ${how}`] })
    }
    child.once('message', onMessage)
    child.once('exit', onExit)
    child.send(seed)
  })
}
