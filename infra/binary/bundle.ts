import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { BUNDLE_OPTIONS, SERVER_PLUGINS, toDefine } from '../build.ts'
import { type Contents, readContents } from '../supply-chain/contents.ts'

/** The whole program as one script. */
export interface Bundle {
  readonly code: Uint8Array
  readonly map: Uint8Array
  /** SHA-256 of code and licences, hexadecimal. */
  readonly digest: string
  /** With Node, into which it is put. */
  readonly contents: Contents
}

const ENTRY = join(resolve(import.meta.dirname, '../..'), 'functions/main.ts')

/**
 * Bundles the command line with all its commands. CommonJS, because V8 takes a CommonJS main from the code cache at once
 * and an ES module only in part; what is imported lazily is still evaluated when it is first asked for.
 *
 * @param version as `version` prints it
 */
export async function bundleProgram(version: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...BUNDLE_OPTIONS,
    entryPoints: [ENTRY],
    outfile: 'main.cjs',
    format: 'cjs',
    target: 'node26',
    // A script from the code cache cannot import(), not even modules of Node: they are required.
    supported: { 'dynamic-import': false },
    define: toDefine(version),
    plugins: [...SERVER_PLUGINS],
  })
  const find = (ending: string): Uint8Array => {
    const file = outputFiles.find(({ path }) => path.endsWith(ending))
    if (!file) throw new Error(`the bundler wrote no ${ending} file`)
    return file.contents
  }
  const code = find('.cjs')
  const contents = await readContents(metafile, { withNode: true })
  const digest = createHash('sha256').update(code).update(JSON.stringify(contents)).digest('hex')
  return { code, map: find('.map'), digest, contents }
}
