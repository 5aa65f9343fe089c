import { stemEnglish } from './stem-english.ts';

/** What has to be known of a language to find its words again in other forms. */
export interface Language {
  /** ISO 639-1. */
  code: string;
  /** Words that do not say what a text is about. */
  stopWords: ReadonlySet<string>;
  stem: (word: string) => string;
}

const english = `a about above after again against all also although am an and any are as at be because been before being
 below between both but by can cannot could did do does doing down during each etc ever every few for from further had has have
 having he her here hers herself him himself his how however i if in into is it its itself just less made make many may me might
 more most much must my myself no nor not now of off on once one only or other our ours ourselves out over own per rather really
 same several shall she should since so some such than that the their theirs them themselves then there these they this those
 through thus to too toward towards two under until up upon us use used using very via was we were what when where whether which while
 who whom whose why will with within without would yet you your yours`;
const german = `aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da damit dann das
 dass daß dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines
 er es etwas für gegen hab habe haben hat hatte hatten hier ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden
 jeder jedes jetzt kann kein keine können könnte man mehr mein mit muss nach nicht nichts noch nun nur ob oder ohne sehr sein seine
 seinem seinen seiner sich sie sind so solche soll sollte sondern sonst über um und uns unser unter vom von vor war waren warum was
 wegen weil welche welchem welchen welcher welches wenn wer werden wie wieder will wir wird wo wurde wurden zu zum zur zwischen`;
const french = `à afin ainsi alors après au aucun aussi autre autres aux avant avec avoir c ce cela ces cet cette ceux chaque chez
 comme comment d dans de des donc dont du elle elles en encore entre est et étaient était être eu fait il ils j je l la le les leur
 leurs lors lui m ma mais même mes moins mon n ne ni nos notre nous on ont ou où par pas peu peut plus pour pourquoi qu quand que
 quel quelle quelles quels qui s sa sans se ses si son sont sous sur t tous tout toute toutes très un une vers vos votre vous y`;
const spanish = `a al algo algunas algunos ante antes aquel aquella como con contra cual cuales cuál cuáles cuando cuándo cuánto
 cómo de del desde donde dónde dos e el él ella ellas ellos en entre era eran es esa ese eso esta está estaba están este esto estos
 fue fueron ha había han hasta hay la las le les lo los más me mi mientras muy no nos o otra otro otros para pero poco por porque
 que qué quien quién se ser si sí sido sin sobre son su sus también tan tiene todo todos tras un una uno unos y ya`;
const italian = `a ad ai al alla alle allo anche avere c che chi ci come con così cosa cui d da dagli dai dal dalla dalle de degli
 dei del della delle dello di dopo dove e è ed era erano essere fra gli ha hanno i il in io l la le lei li lo loro lui ma mentre mi
 nè né negli nei nel nella nelle nello noi non o ogni per perché più poi prima può quale quali quando quanto quella quelle quelli
 quello questa queste questi questo se senza si sì sia sono sopra sotto su sua sue sugli sui sul sulla suo suoi tra tutti tutto un una uno`;
const portuguese = `a à ainda ao aos apenas as às até com como da das de dela dele depois do dos e é ela elas ele eles em entre era
 eram essa esse esta está este eu foi foram há isso isto já lhe mais mas mesmo muito na não nas nem no nos nós o onde os ou para pela
 pelas pelo pelos por porque qual quais quando que quem se sem ser será seu seus sua suas são só sobre também tem tinha todo todos
 um uma umas uns`;
const dutch = `aan al alle als ander andere bij daar dan dat de deze die dit doch doen door dus een eens en er ge geen had hadden heb
 hebben heeft hem het hier hij hoe hun iets ik in is ja je kan kon kunnen maar me meer men met mij mijn moet na naar niet niets nog
 nu of om omdat onder ons ook op over reeds te tegen toch toen tot u uit uw van veel voor waar waarom wanneer want waren was wat
 welke werd wezen wie wij wil worden wordt zal ze zelf zich zij zijn zo zonder zou`;

const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/));

/** Folds accents away and takes the first ending off that leaves enough of the word. */
function lightly(endings: string, { lettersMin = 4 }: { lettersMin?: number } = {}): (word: string) => string {
  const list = endings.split(/\s+/).sort((one, other) => other.length - one.length);
  return (word) => {
    const folded = fold(word);
    const ending = list.find((one) => folded.endsWith(one) && folded.length - one.length >= lettersMin);
    return ending === undefined ? folded : folded.slice(0, -ending.length);
  };
}

/** Without accents; `ß` is `ss`. */
function fold(word: string): string {
  return /^[\u0000-\u007f]*$/.test(word)
    ? word
    : word.replaceAll('ß', 'ss').normalize('NFKD').replaceAll(/\p{M}/gu, '');
}

/** English by Porter's rules; the others by their commonest endings. */
export const languages: readonly Language[] = [
  { code: 'en', stopWords: words(english), stem: (word) => stemEnglish(fold(word)) },
  { code: 'de', stopWords: words(german), stem: lightly('e en er es em ern ens n s st et te ten test ung ungen') },
  {
    code: 'fr',
    stopWords: words(french),
    stem: lightly(
      's e es x aux al ale ales ement ements ation ations ite ites eur euse eurs euses er ee ees ent ant ants ais ait if ive ifs ives',
      { lettersMin: 3 },
    ),
  },
  {
    code: 'es',
    stopWords: words(spanish),
    stem: lightly(
      's a o as os es e cion ciones mente idad idades ico ica icos icas ado ada ados adas ido ida idos idas ar er ir ando iendo',
      { lettersMin: 3 },
    ),
  },
  {
    code: 'it',
    stopWords: words(italian),
    stem: lightly(
      'a e i o ia ie zione zioni mente ita ico ica ici iche ato ata ati ate ito ita iti ite are ere ire ando endo',
      { lettersMin: 3 },
    ),
  },
  {
    code: 'pt',
    stopWords: words(portuguese),
    stem: lightly(
      's a o as os es e cao coes mente idade idades ico ica icos icas ado ada ados adas ido ida idos idas ar er ir ando endo',
      { lettersMin: 3 },
    ),
  },
  { code: 'nl', stopWords: words(dutch), stem: lightly('e en s er ers ing ingen heid heden t de te den ten') },
];

/** Of any other language: its words as they are. */
export const unknownLanguage: Language = { code: 'und', stopWords: new Set(), stem: fold };

/** So many words tell a language; the beginning is like the rest. */
const wordsLookedAtMax = 400;

/** The language whose stop words stand most often among the words, which are in lower case; null when there are too few to tell. */
export function guessLanguage(given: readonly string[]): Language | null {
  const counts = languages.map(() => 0);
  for (const word of given.slice(0, wordsLookedAtMax)) {
    languages.forEach(({ stopWords }, index) => {
      if (stopWords.has(word)) counts[index] = (counts[index] ?? 0) + 1;
    });
  }
  const best = Math.max(...counts);
  return best < 2 ? null : (languages[counts.indexOf(best)] ?? null);
}
