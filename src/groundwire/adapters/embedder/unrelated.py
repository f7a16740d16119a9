"""Questions and passages of which none has to do with another, in both languages.

The mean of their cosines is what an embedder gives for no reason; it shows how its cosines are
to be read.
"""

QUESTIONS = (
    "How does a kangaroo carry its young?",
    "Which file declares what a package depends on?",
    "Who painted the ceiling of the chapel?",
    "怎样申请退还多缴的税款？",
    "黄河的源头在哪里？",
    "这台洗衣机的排水管为什么会漏水？",
)
PASSAGES = (
    "The contract ends with the calendar year unless one side extends it in writing.",
    "Bread dough rises faster in a warm kitchen, but a slow rise overnight gives it more flavour.",
    "The goalkeeper saved two penalties, and the match was decided in extra time.",
    "这座图书馆周一闭馆，读者可以在网上续借图书。",
    "该药物应在饭后服用，孕妇慎用。",
    "小提琴由琴身、琴颈和琴弦组成，用弓拉奏。",
)
