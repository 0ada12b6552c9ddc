// Prints the entities of a text:  node annotate.mjs 'Tax binds to the CREB/ATF family.'
import { Annotator } from 'glossa-ner';
import model from 'glossa-ner-cellular';

const annotator = await Annotator.create({ model });
const { chunks } = await annotator.annotate(process.argv[2] ?? '');
for (const { begin, end, entity, text } of chunks) console.log(`${begin}\t${end}\t${entity}\t${text}`);
annotator.dispose();
