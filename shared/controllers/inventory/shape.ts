import type { Inventory } from './content.ts'

/**
 * Whether what was stored is an inventory as this version of the program writes it. Its hash proves only that a pass
 * wrote it, and that may have been a pass of another version.
 */
export const isInventory = (value: Readonly<Record<string, unknown>>): boolean =>
  typeof value['account'] === 'string' &&
  isList(value['families'], isText) &&
  isList(value['entries'], isEntry) &&
  (value['addresses'] === undefined || isSource(value['addresses']))

/** Everything that is read of an entry without a look whether it is there. */
const isEntry = (value: unknown): boolean =>
  hasTexts(value, ['id', 'providerID', 'hostname', 'instanceType', 'region', 'status']) &&
  isList(value['privateAddresses'], isText) &&
  isList(value['publicAddresses'], isText) &&
  isMap(value['additionalLabels']) &&
  (value['node'] === undefined || isText(value['node'])) &&
  (value['joined'] === undefined || hasTexts(value['joined'], ['systemUUID', 'machineID']))

const isSource = (value: unknown): value is NonNullable<Inventory['addresses']> =>
  hasTexts(value, ['location']) &&
  isList(value['memberAddresses'], isText) &&
  isList(value['blocks'], block => hasTexts(block, ['id', 'family', 'state']))

type Fields = Readonly<Record<string, unknown>>

const isText = (value: unknown): value is string => typeof value === 'string'

const isList = (value: unknown, isItem: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(item => isItem(item))

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isMap = (value: unknown): boolean => isObject(value) && Object.values(value).every(isText)

const hasTexts = (value: unknown, keys: readonly string[]): value is Fields =>
  isObject(value) && keys.every(key => isText(value[key]))
