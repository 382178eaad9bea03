"""Which prompts need no thought: greetings, thanks, questions about the model itself or about one fact.

    >>> is_simple("Hi! Who wrote Hamlet?")
    True
    >>> is_simple("Why did Shakespeare write Hamlet?")
    False

R1's second data round asks for no thought where there is nothing to think about (DeepSeek-AI, 2025,
"DeepSeek-R1", section 2.3.3, arXiv:2501.12948). A prompt is simple if it is one short question without
anything to compute, compare, explain, advise or write. In doubt it is not, since a thought does no harm.

What this does not tell: facts that are hard to find and requests that should be refused, whose questions look
like any other; questions in other languages than English and Chinese, of which only greetings, thanks and
"who are you" are known.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

SIMPLE, GENERAL = "simple", "general"
"""Families of prompts of domain general whose source names none."""
MAX_CHARS = 200
MAX_WORDS = 12
MAX_HAN = 20
"""A question with more Chinese characters is not simple."""
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SOCIAL = re.compile(
    r"(?:"
    # English
    r"(?:hi|hello|hey)(?: there)?|howdy|greetings|good (?:morning|afternoon|evening|night|day)"
    r"|(?:many )?thanks(?: again| a lot| so much| very much| for (?:your|the|all your) (?:help|answer|time))*"
    r"|thank you(?: again| so much| very much| for (?:your|the|all your) (?:help|answer|time))*"
    r"|(?:good)?bye(?: bye)?|see you(?: later| soon| tomorrow| then)?|take care|nice to meet you"
    r"|how are you(?: doing)?(?: today)?|how do you do|how is it going|how's it going|what's up"
    r"|have a (?:nice|good|great|lovely) (?:day|evening|night|weekend|one)|sorry|no problem|you're welcome"
    # Chinese
    r"|你好(?:吗|啊|呀)?|您好|大家好|嗨|哈喽|早上好|上午好|中午好|下午好|晚上好|早安|午安|晚安"
    r"|(?:非常|十分)?(?:谢谢|多谢|感谢)(?:你|您)?(?:的帮助|的回答)?(?:啦|了)?|再见|拜拜|明天见|回头见"
    r"|你(?:今天|最近)?(?:过得)?(?:怎么样|还好吗)|很高兴认识(?:你|您)|辛苦了|不客气|没关系|对不起"
    # Spanish, French, German, Russian, Japanese
    r"|hola|buenos días|buenas (?:tardes|noches)|(?:muchas )?gracias|adiós|hasta (?:luego|mañana)"
    r"|¿?(?:cómo estás|qué tal|quién eres|cómo te llamas)"
    r"|bonjour|bonsoir|salut|merci(?: beaucoup)?|au revoir|comment (?:ça va|allez-vous)|qui es-tu"
    r"|hallo|guten (?:morgen|tag|abend)|gute nacht|danke(?: schön| sehr)?|vielen dank|auf wiedersehen|tschüss"
    r"|wie geht(?:'s| es dir| es ihnen)|wer bist du|wie hei(?:ß|ss)t du"
    r"|привет|здравствуй(?:те)?|добр(?:ое утро|ый день|ый вечер)|(?:большое )?спасибо|до свидания|как дела"
    r"|кто ты(?: такой)?|как тебя зовут"
    r"|こんにちは|こんばんは|おはよう(?:ございます)?|ありがとう(?:ございます)?|さようなら|お元気ですか|あなたは誰ですか"
    r")(?![^\W\d_]|['’])[^\w¿`{]*"
)
"""One greeting, farewell, word of thanks or set question, with the signs behind it."""
COURTESY = re.compile(
    r"^(?:please|excuse me|(?:so|well|ok|okay)(?=,)|(?:请问|请告诉我)(?:一下)?)[\s,，]*"
    r"|[\s,，]*(?:please|thanks|谢谢)(?=[\s.!?。！？]*$)"
)
ENDS = re.compile(r"[\s.!?。！？…]+$")
SIGNS = re.compile(r"[\n`{}\\=<>+*/^|;；#$%&@\[\]()（）_]|[.!?。！？:：]\s*\S|\S\s-\s\S")
"""Code, formulas, a second sentence, or a text that is handed over."""
YEAR = re.compile(r"\b(?:in|since|during|the) (?:1\d|20)\d\d(?![\d.,])|(?<!\d)(?:1\d|20)\d\d(?=年)")
"""The one number that a question about a fact may hold."""
ASKS = re.compile(
    r"(?:who|whom|whose|what|when|where|which|in (?:which|what)|on (?:which|what)|is|are|was|were|do|does|did"
    r"|has|have|can you)\b|(?:who|what|where|when)['’](?:s|re)\b"
)
ASKS_IN_CHINESE = re.compile(r"谁|什么|哪|何时|何地|是不是|有没有|多大|吗$")
WORK = re.compile(
    r"\b(?:why|how|explain|describe|discuss|elaborate|analy[sz]e|compare|contrast|differ(?:ent|ences?|s)?"
    r"|versus|vs|between|than|or|better|best|worse|worst|more|fewer|less|similar|if|suppose|assum\w+|imagine"
    r"|given|unless|whether|because|reasons?|causes?|effects?|impacts?|consequences?|advantages?|disadvantages?"
    r"|benefits?|risks?|pros|cons|steps?|ways?|methods?|strateg\w+|tips?|ideas?|examples?|lists?|options?|plans?"
    r"|recommend\w*|suggest\w*|advice|advise|opinions?|think|believe|feel about|should|could|would|shall|will"
    r"|may|might|must|need|write|rewrite|draft|compose|create|generate|make|build|design|invent|tell me a"
    r"|summar\w+|paraphrase|translat\w+|proofread|correct|edit|convert|calculate|compute|solve|prove|proof"
    r"|derive|show|find|count|sort|order|arrange|classify|identify|extract|code|program|function|script|regex"
    r"|algorithm|letters?|spell\w*|rhym\w+|anagram\w*|syllables?|next|happens?|sum|plus|minus|times|divided"
    r"|multiplied|percent\w*|average|total|probab\w+|chances?|odds|ratio|true|false|correct|following|above"
    r"|below|this|these|those|help|some|any|provide|give|significance|importance|role|address|phone"
    r"|numbers?|digits?|factors?|integers?|primes?|multiples?|equations?|triangles?|square[ds]?|cube[ds]?|half"
    r"|double|twice|dozens?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty"
    r"|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|one (?:third|quarter)|area|radius"
    r"|diameter|perimeter|hypotenuse|integral|derivative|root of|log(?:arithm)? of|(?:co)?sine|tangent"
    r"|factorial|remainder|median|minimum|maximum|limit of|older|younger|taller|heavier|lighter|bigger"
    r"|larger|smaller|longer|shorter|faster|slower|higher|lower|cheaper)\b"
    r"|^(?:is|was) it\b|^what (?:has|have|can(?! you)|goes|gets)\b"
    r"|为什么|为何|怎么|怎样|如何|解释|说明|描述|分析|比较|区别|不同|差异|还是|或者|比|如果|假设|假如|若|原因|影响|优点|缺点|利弊"
    r"|步骤|方法|建议|推荐|意见|看法|认为|觉得|应该|写(?!了|的)|创作|编|生成|设计|制定|列|总结|概括|改写|润色|翻译|译|计算|求|证明|解方程|推导"
    r"|找出|数一数|排序|分类|代码|程序|函数|算法|押韵|下一个|几|多少|更|平方|立方|根号|面积|周长|体积|余数|阶乘|导数|积分|对数|总共|一共|平均|概率|[一二三四五六七八九十百千]\s*[加减乘除]|以下|上述|下面|帮|故事|诗|作文"
)
"""Something to work out, to weigh, to explain or to write; or a text that the prompt refers to."""


def is_simple(text: str) -> bool:
    """Whether a prompt is a greeting or one short question with nothing to work out."""
    if len(text) > MAX_CHARS:
        return False
    rest = unicodedata.normalize("NFKC", text).casefold().strip()
    social = False
    while found := SOCIAL.match(rest):
        rest, social = rest[found.end() :], True
    rest = COURTESY.sub("", rest)
    rest = ENDS.sub("", rest)
    if not rest:
        return social
    if SIGNS.search(rest) or WORK.search(rest):
        return False
    without_year = YEAR.sub(" ", rest, count=1)
    if re.search(r"\d", without_year):
        return False
    n_han = len(HAN.findall(rest))
    if n_han:
        return n_han <= MAX_HAN and bool(ASKS_IN_CHINESE.search(rest))
    return len(WORD.findall(rest)) <= MAX_WORDS and bool(ASKS.match(rest))


def family_of(messages: Sequence[Mapping[str, str]]) -> str:
    """SIMPLE or GENERAL; a conversation, or a prompt with instructions of its own, is never simple."""
    return SIMPLE if len(messages) == 1 and is_simple(messages[0]["content"]) else GENERAL
