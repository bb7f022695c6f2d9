/** What the page asks the model, and the tokenizer, before anybody else does. */
export const maskedSentence = "She was very [MASK] to see him.";
export const sentenceToCut = "It is a truth universally acknowledged, that she disliked the gentleman.";
