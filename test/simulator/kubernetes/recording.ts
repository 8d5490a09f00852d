import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { parse, stringify } from 'yaml'

/** Answers of the real API server, kept in a file: what the simulator has to answer, and the real one still does. */
export interface Recording {
  /** Compares the value with the recorded one. */
  check(t: Test, name: string, value: unknown): void
}

/** Set it to write what the real API server says now: CONTRACT_RECORD=1 npm run test:kubernetes -- <files>. */
export const isRecording = process.env['CONTRACT_RECORD'] === '1'

/** @param theme name of the file in recordings/ */
export function openRecording(t: Test, theme: string): Recording {
  const path = join(import.meta.dirname, 'recordings', `${theme}.yaml`)
  if (isRecording) return record(t, path)
  const recorded = existsSync(path) ? (parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {}
  return { check: (t, name, value) => t.same(asRead(value), recorded[name], `${name}: as recorded`) }
}

function record(t: Test, path: string): Recording {
  const values: Record<string, unknown> = {}
  t.teardown(() => writeFileSync(path, stringify(values, { aliasDuplicateObjects: false, lineWidth: 0 })))
  return {
    check: (t, name, value) => {
      t.notOk(name in values, `${name}: the name is new`)
      values[name] = asRead(value)
    },
  }
}

/** As a file holds it: without fields that are undefined. */
const asRead = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
