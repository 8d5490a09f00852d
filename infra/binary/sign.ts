import { mustRun, type RunTool } from '../tool.ts'
import type { Platform } from './platform.ts'

/** What became of the signature: who signed, or what somebody has to do still. */
export interface Signature {
  /** Tool that signed; undefined where the file needs none, or nobody could. */
  readonly by?: (typeof SIGNERS)[number]['name'] | undefined
  /** For a person, about a file of that path. */
  readonly todo?: ((path: string) => string) | undefined
}

/** Tools that sign ad hoc: without an identity, only so that the system starts the file. */
const SIGNERS = [
  { name: 'codesign', proof: ['--version'], sign: ['--force', '--sign', '-'] },
  { name: 'rcodesign', proof: ['--version'], sign: ['sign'] },
] as const

/**
 * Tool that signs a file of this platform here. macOS starts nothing on arm64 without a signature, and Node's own does
 * not fit the changed file any more; Linux needs none.
 */
export async function findSigner(platform: Platform, run: RunTool): Promise<Signature> {
  if (platform.os !== 'darwin') return {}
  for (const { name, proof } of SIGNERS) {
    // codesign knows no version and says so: that it starts is the proof.
    if ((await run(name, proof)).code !== undefined) return { by: name }
  }
  return { todo: toTodo }
}

const toTodo = (path: string): string =>
  [
    `${path} is not signed, and macOS starts no unsigned program on arm64. Sign it`,
    `  on a Mac:  codesign --force --sign - ${path}`,
    `  elsewhere: rcodesign sign ${path}`,
  ].join('\n')

/** @throws BuildProblem BUILD_TOOL_FAILED */
export async function sign(path: string, { by }: Signature, run: RunTool): Promise<void> {
  const signer = SIGNERS.find(({ name }) => name === by)
  if (signer) await mustRun(run, signer.name, [...signer.sign, path])
}
