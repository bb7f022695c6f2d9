import { Tokenizer as Rust } from "tokenizers";
import * as T from "tokenizers";
import { tokenizerFromJson, trainTokenizer } from "@cramkit/tokenizer";
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
const S="/work/shared/data/";
const docs=gunzipSync(readFileSync(S+"text/gutenberg/books-00-of-6.jsonl.gz")).toString().trim().split("\n").slice(0,4).map(l=>JSON.parse(l).text);
const text=docs.join("\n").slice(0,3000000);
writeFileSync("/tmp/t.txt",text);
const lines=text.split(/(?<=\n)/);
const cases:any={
 WordPiece:[T.WordPiece.empty(),"WordPiece",30000,{specialTokens:["[UNK]"],unkToken:"[UNK]"}],
 BPE:[T.BPE.empty(),"BPE",30000,{}],
 Unigram:[T.Unigram.empty(),"Unigram",8000,{}],
 WordLevel:[T.WordLevel.empty(),"WordLevel",30000,{specialTokens:["<unk>"],unkToken:"<unk>"}],
};
const pres:any={Whitespace:[T.whitespacePreTokenizer(),{type:"Whitespace"}],ByteLevel:[T.byteLevelPreTokenizer(true),{type:"ByteLevel",add_prefix_space:true,trim_offsets:true,use_regex:true}],Metaspace:[T.metaspacePreTokenizer(),{type:"Metaspace",replacement:"▁",prepend_scheme:"always",split:true}]};
for (const [m,p] of [["WordPiece","Whitespace"],["BPE","Whitespace"],["BPE","ByteLevel"],["BPE","Metaspace"],["Unigram","Whitespace"],["Unigram","Metaspace"],["WordLevel","Whitespace"]] as any) {
  const [model,kind,size,extra]=cases[m];
  const r=new Rust(m==="BPE"?T.BPE.empty():m==="Unigram"?T.Unigram.empty():model);
  r.setPreTokenizer(pres[p][0]);
  const t0=performance.now(); r.train(["/tmp/t.txt"]); const t1=performance.now();
  const ours=await trainTokenizer(lines,{model:kind,vocabSize:size,size:"trained",...extra,preTokenizer:pres[p][1]});
  const t2=performance.now();
  r.save("/tmp/rust.json"); const rj=JSON.parse(readFileSync("/tmp/rust.json","utf8")); const oj:any=ours.toJSON();
  const rv=Array.isArray(rj.model.vocab)?rj.model.vocab.map((x:any)=>x[0]):Object.keys(rj.model.vocab);
  const ov=Array.isArray(oj.model.vocab)?oj.model.vocab.map((x:any)=>x[0]):Object.keys(oj.model.vocab);
  const os=new Set(ov); const common=rv.filter((x:string)=>os.has(x)).length;
  const same=rv.filter((x:string)=>ours.tokenToId(x)===r.tokenToId(x)).length;
  let merges=""; if(rj.model.merges){ let k=0; while(k<rj.model.merges.length&&JSON.stringify(rj.model.merges[k])===JSON.stringify(oj.model.merges[k]))k++; merges=`merges ${k}/${rj.model.merges.length}/${oj.model.merges.length}`}
  console.log(m,p,"rust",rv.length,"ours",ov.length,"common",common,"same id",same,merges,(t1-t0).toFixed(),(t2-t1).toFixed());
  if(common<rv.length) console.log(rv.filter((x:string)=>!os.has(x)).slice(0,10), ov.filter((x:string)=>!new Set(rv).has(x)).slice(0,10));
  // load theirs, compare encode
  const mine=tokenizerFromJson(rj);
  for (const s of [text.slice(0,100000),"  Hello   wörld 漢字漢 👍🏽 ẹ́x \u00a0 don't   \n\n stop  "]) {
    let e; try { e=await r.encode(s) } catch(err) { console.log("rust throws", String(err).slice(0,80)); try {mine.encode(s); console.log("ours does not")} catch(e2){console.log(String(e2).slice(0,80))}; continue }
    const a=mine.encode(s);
    const ok=JSON.stringify(e.getIds())===JSON.stringify(a.ids), ook=JSON.stringify(e.getOffsets())===JSON.stringify(a.offsets), tok=JSON.stringify(e.getTokens())===JSON.stringify(a.tokens);
    const d=(await r.decode(e.getIds(),true))===mine.decode(a.ids);
    console.log("  ",ok,ook,tok,d,a.ids.length);
    if(!ok||!ook||!tok) for(let i=0,n=0;i<Math.max(e.getLength(),a.ids.length)&&n<5;i++) if(e.getIds()[i]!==a.ids[i]||e.getTokens()[i]!==a.tokens[i]||String(e.getOffsets()[i])!==String(a.offsets[i])) {n++;console.log(i,e.getIds()[i],a.ids[i],e.getTokens()[i],a.tokens[i],e.getOffsets()[i],a.offsets[i])}
  }
}
