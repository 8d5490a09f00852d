import { NODE_MUTATIONS } from '../../torture/mutations/of-nodes.ts'
import { WRITE_MUTATIONS } from '../../torture/mutations/of-writes.ts'
import { expectCaught } from './_mutations.ts'

expectCaught([...NODE_MUTATIONS, ...WRITE_MUTATIONS])
