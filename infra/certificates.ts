import { access, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createCertificates } from '../shared/simulator/certificates.ts'

/**
 * Throw-away certificates for `npm run offline`, in certs/ where serverless.yml looks for them; those that are there
 * stay. `register` takes the authority: `--ca-file certs/ca.pem`.
 */
async function main(folder: string): Promise<void> {
  const isThere = await access(join(folder, 'cert.pem')).then(
    () => true,
    () => false,
  )
  if (isThere) return
  const { ca, cert, key } = await createCertificates({ hosts: ['127.0.0.1', 'localhost'] })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'ca.pem'), ca)
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 })
  await writeFile(join(folder, 'cert.pem'), cert)
}

if (import.meta.main) await main(resolve(import.meta.dirname, '../certs'))
