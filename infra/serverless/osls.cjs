// The bridge from serverless.yml to the TypeScript beside it: osls loads CommonJS only.
const lazily = name => async variables => (await import('./osls.ts'))[name](variables)

module.exports = {
  vpc: lazily('toVpc'),
  reservedConcurrency: lazily('toReservedConcurrency'),
  logRetentionInDays: lazily('toLogRetentionInDays'),
  resources: lazily('toAllResources'),
}
