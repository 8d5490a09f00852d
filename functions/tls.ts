import { CcmError } from '../shared/errors.ts'
import type { Log } from '../shared/log.ts'
import type { TlsFiles } from './server.ts'

/** Paths of PEM files; those that nobody named are undefined. */
export interface TlsPaths {
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly clientCa?: string | undefined
}

export type ReadFile = (path: string) => Promise<string>

/**
 * The texts of the files; of certificate and key, empty where nobody named them.
 *
 * @throws CcmError CCM_CONFIG_INVALID that names each setting whose file cannot be read
 */
export async function readTlsFiles(paths: TlsPaths, readFile: ReadFile): Promise<TlsFiles> {
  const problems: string[] = []
  const read = async (flag: string, path: string | undefined): Promise<string> => {
    if (path === undefined) return ''
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

/** Where the certificate of the server comes from. */
export interface TlsSource {
  /** What the server is started with. */
  readonly files: TlsFiles
  /** What it is now. @throws CcmError CCM_CONFIG_INVALID */
  readonly read: () => Promise<TlsFiles>
}

export interface TlsRefreshOptions extends TlsSource {
  /** Takes the new files into use; throws when certificate and key do not belong together. */
  readonly apply: (files: TlsFiles) => void
  readonly log: Log
}

/** Takes a changed certificate into use; throws when it cannot be used (half written, key of another certificate). */
export function createTlsRefresh({ files, read, apply, log }: TlsRefreshOptions): () => Promise<void> {
  let inUse = files
  return async () => {
    const now = await read()
    if (now.cert === inUse.cert && now.key === inUse.key && now.clientCa === inUse.clientCa) return
    apply(now)
    inUse = now
    log.info({}, 'certificate changed, taken into use')
  }
}
