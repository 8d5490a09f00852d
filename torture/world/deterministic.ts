import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'
import type { Random } from './contract.ts'

let current: Random | undefined

/** Identifiers and jitter of the whole process follow from these numbers until the next call. */
export function useRandom(random: Random): void {
  current = random
}

const next = (): number => {
  if (!current) throw new Error('no world has begun')
  return current.next()
}

const hex = (digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('')

/** Version 4, as `crypto.randomUUID` makes them. */
const uuid = (): `${string}-${string}-${string}-${string}-${string}` =>
  `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`

// What is imported lazily elsewhere would arrive a moment later the first time than ever after.
await Promise.all([
  import('@kubernetes/client-node/dist/config.js'),
  import('node:http'),
  import('node:https'),
  import('pino'),
  import('yaml'),
])

type Done = (error: Error | null, result?: Buffer) => void

/** The work of another thread ends when it likes: here it is done at once. */
const atOnce =
  (work: (input: Buffer, options: object) => Buffer) =>
  (input: Buffer, options: object, done: Done): void => {
    queueMicrotask(() => {
      try {
        done(null, work(input, options))
      } catch (error) {
        done(error as Error)
      }
    })
  }

Object.assign(crypto, {
  randomUUID: uuid,
  randomBytes: (bytes: number): Buffer => Buffer.from(hex(bytes * 2), 'hex'),
})
Object.assign(zlib, { gzip: atOnce(zlib.gzipSync), gunzip: atOnce(zlib.gunzipSync) })
syncBuiltinESMExports()
Math.random = next
globalThis.crypto.randomUUID = uuid
