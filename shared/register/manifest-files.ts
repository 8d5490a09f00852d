import { readFile } from 'node:fs/promises'

/** Files of infra/ that are applied, without their ending. */
export type ManifestName = 'audit-policy' | 'rbac' | 'rbac-self' | 'webhooks'

const FOLDER = new URL('../../infra/', import.meta.url)

/** Text of a shipped manifest (YAML). A bundle holds the texts instead of this module. */
export const readManifest = (name: ManifestName): Promise<string> =>
  readFile(new URL(`${name}.yaml`, FOLDER), 'utf8')
