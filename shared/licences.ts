/** Name of the asset of the single file that has the licences of what is in it. */
export const LICENCES_ASSET = 'licences.txt'

const IN_A_CHECKOUT =
  'Nothing is built in here: each package has its licence in its folder below node_modules, and so has this program (LICENSE).\n'

/** The licences of everything that is in this program, for a person. */
export async function readLicences(): Promise<string> {
  const { getAsset, isSea } = await import('node:sea')
  return isSea() ? getAsset(LICENCES_ASSET, 'utf8') : IN_A_CHECKOUT
}
