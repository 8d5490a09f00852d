/** Certificates of the simulators, the demo and the tests are made as those of the product are. */
export {
  type CertificateOptions,
  type Certificates,
  createCertificates,
  type KeyPair,
} from '../certificates.ts'
