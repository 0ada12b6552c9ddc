import Entities from './entities.js';

export default function Page() {
  return <Entities text="Tax binds to the CREB/ATF family in human T cells." />;
}
