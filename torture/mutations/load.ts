import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findMutation } from './list.ts'
import { mutate } from './mutate.ts'

/** Preloaded (`node --import`) into a process that is to run mutated code: the mutation that MUTATION names. */

const ROOT = resolve(import.meta.dirname, '../..')
const mutation = findMutation(process.env['MUTATION'] ?? '')
const path = join(ROOT, mutation.file)
const url = pathToFileURL(path).href
const source = mutate(readFileSync(path, 'utf8'), mutation)

registerHooks({
  load: (loaded, context, next) =>
    loaded === url ? { format: 'module-typescript', source, shortCircuit: true } : next(loaded, context),
})
