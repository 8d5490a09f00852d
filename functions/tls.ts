import { CcmError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { TlsFiles } from './server.ts'

/** Paths of PEM files. */
export interface TlsPaths {
  readonly cert: string
  readonly key: string
  readonly clientCa?: string | undefined
}

export type ReadFile = (path: string) => Promise<string>

/**
 * The texts of the files.
 *
 * @throws CcmError CCM_CONFIG_INVALID that names each setting whose file cannot be read
 */
export async function readTlsFiles(paths: TlsPaths, readFile: ReadFile): Promise<TlsFiles> {
  const problems: string[] = []
  const read = async (flag: string, path: string): Promise<string> => {
    try {
      return await readFile(path)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'not readable'
      problems.push(`--${flag}: the file cannot be read (${code})`)
      return ''
    }
  }
  const cert = await read('tls-cert', paths.cert)
  const key = await read('tls-key', paths.key)
  const clientCa = paths.clientCa === undefined ? undefined : await read('tls-client-ca', paths.clientCa)
  if (problems.length > 0)
    throw new CcmError('CCM_CONFIG_INVALID', `settings: ${problems.join('; ')}`, { fields: { problems } })
  return { cert, key, clientCa }
}

export interface TlsRefreshOptions {
  readonly paths: TlsPaths
  /** What the server was started with. */
  readonly files: TlsFiles
  readonly readFile: ReadFile
  /** Takes the new files into use; throws when certificate and key do not belong together. */
  readonly apply: (files: TlsFiles) => void
  readonly log: Log
}

/** Takes changed files into use; throws when they cannot be used (half written, key of another certificate). */
export function createTlsRefresh(options: TlsRefreshOptions): () => Promise<void> {
  const { paths, readFile, apply, log } = options
  let inUse = options.files
  return async () => {
    const files = await readTlsFiles(paths, readFile)
    if (files.cert === inUse.cert && files.key === inUse.key && files.clientCa === inUse.clientCa) return
    apply(files)
    inUse = files
    log.info({}, 'certificate files changed, taken into use')
  }
}
