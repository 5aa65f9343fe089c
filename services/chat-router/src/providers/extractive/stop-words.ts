/** The words of seven languages that say nothing about what a sentence is about; what asks is among them. */
export const stopWords: ReadonlySet<string> = new Set(
  [
    // English
    `a about after all also am an and any are as at be because been before but by can could did do does for from get had
     has have he her his how i if in into is it its just me more most my no not of on one or other our out please said
     she should so some such tell than that the their them then there these they this those to was we were what when
     where which while who whom whose why will with would you your explain say says give show`,
    // German
    `aber als am an auch auf aus bei bin bis bist da das dass dem den der des die dir du durch ein eine einem einen einer
     eines er es für hat haben hatte ich ihr im in ist ja kann können man mein mit nach nicht noch nur oder sein sich sie
     sind so über um und uns vom von vor war waren warum was welche welcher welches wenn wer werden wie wird wir wo zu zum zur`,
    // French
    `au aux avec ce ces cette dans de des du elle en est et eu il ils je la le les leur lui mais ne nous on ou où par pas
     pour qu que quel quelle quelles quels qui quand comment pourquoi sa se ses son sont sur un une vous y été être`,
    // Spanish
    `al como con cual cuales cuál cuándo cuánto cómo de del dónde el ella ellos en entre era es esta este está fue ha hay
     la las lo los más me mi no o para pero por porque que quién qué se ser si sin sobre son su sus también un una y ya`,
    // Italian
    `che chi come con da dei del della delle di dove e gli ha i il in la le lo ma nel nella non o per perché più quale
     quando sono su sua suo un una è`,
    // Portuguese
    `ao aos as com como da das do dos e ela ele em era foi mais mas na nas no nos não o os ou para pela pelo por qual
     quando que quem se sem seu sua são também um uma`,
    // Dutch
    `aan als bij dat de dit een en er het hij hoe in is maar met naar niet of om ook op over te tot uit van voor waar
     waarom wanneer was wat welke wie wordt zijn`,
  ].flatMap((list) => list.split(/\s+/)),
);
