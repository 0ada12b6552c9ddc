import { Annotator } from 'glossa-ner';
import model from 'glossa-ner-cellular';

const text = document.querySelector('p').textContent;
const annotator = await Annotator.create({ model });
const { chunks } = await annotator.annotate(text);
for (const { begin, end, entity } of chunks) {
  const item = document.createElement('li');
  item.textContent = `${entity}: ${text.slice(begin, end)}`;
  document.querySelector('ul').append(item);
}
