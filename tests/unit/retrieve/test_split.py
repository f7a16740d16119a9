import pytest

from groundwire.retrieve.split import split


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "What is debmake, and how does dput differ from scp?",
            ("What is debmake", "how does dput differ from scp?"),
        ),
        (
            "What is the debdiff command for and which command signs a package?",
            ("What is the debdiff command for", "which command signs a package?"),
        ),
        (
            "Who wrote the report as well as who printed the book?",
            ("Who wrote the report", "who printed the book?"),
        ),
        (
            "In Debian, what is a sponsor? Where are the logs?",
            ("In Debian, what is a sponsor?", "Where are the logs?"),
        ),
        (
            "I have Debian 12. What is dput? Where are the logs?",
            ("I have Debian 12. What is dput?", "Where are the logs?"),
        ),
        (
            "What is dput? Where are the logs? Thank you.",
            ("What is dput?", "Where are the logs? Thank you."),
        ),
        (
            "Cypiddids are not what? In what colony were settlers promised land?",
            ("Cypiddids are not what?", "In what colony were settlers promised land?"),
        ),
        (
            "Who was president in 1950, and at what wavelength do the bands peak?",
            ("Who was president in 1950", "at what wavelength do the bands peak?"),
        ),
        (
            "What part of his career was most productive, and what famous author used likeness?",
            ("What part of his career was most productive", "what famous author used likeness?"),
        ),
        (
            "Is it true that cats sleep, and is it true that dogs do not?",
            ("Is it true that cats sleep", "is it true that dogs do not?"),
        ),
        ("A是什么？B和C有什么区别？", ("A是什么？", "B和C有什么区别？")),
        (
            "大冠鹫在哪里分布，以及杜老志是哪国人？",
            ("大冠鹫在哪里分布", "杜老志是哪国人？"),
        ),
        (
            "江泾镇内有多少人口？《世纪大崩解》是他的第几张专辑？",
            ("江泾镇内有多少人口？", "《世纪大崩解》是他的第几张专辑？"),
        ),
        (
            "谢谢。软件包在哪里？控制台共有几个？",
            ("谢谢。 软件包在哪里？", "控制台共有几个？"),
        ),
        (
            "吊钟花花朵通常是什么颜色，《内蒙古植物志》到目前为止有着怎样的地位？",
            ("吊钟花花朵通常是什么颜色", "《内蒙古植物志》到目前为止有着怎样的地位？"),
        ),
        (
            "大冠鹫在哪里分布，杜老志是哪国人？",
            ("大冠鹫在哪里分布", "杜老志是哪国人？"),
        ),
        (
            "软件包保存在哪个目录，以及怎样查看一个块设备的 UUID？",
            ("软件包保存在哪个目录", "怎样查看一个块设备的 UUID？"),
        ),
        (
            "加密后的密码保存在哪个文件里以及怎样用命令行关闭系统？",
            ("加密后的密码保存在哪个文件里", "怎样用命令行关闭系统？"),
        ),
    ],
)
def test_each_question_of_several_is_a_part(question: str, parts: tuple[str, ...]) -> None:
    assert split(question) == parts


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Who wrote the report, and when was it published?",
            ("Who wrote the report", "Who wrote the report? when was it published?"),
        ),
        (
            "What is a sponsor? And can I become one?",
            ("What is a sponsor?", "What is a sponsor? And can I become one?"),
        ),
        (
            "什么是 Debian 项目？它和 Ubuntu 有什么区别？",
            ("什么是 Debian 项目？", "什么是 Debian 项目？ 它和 Ubuntu 有什么区别？"),
        ),
        (
            "软件包保存在哪个目录，那么这些软件包可以怎样删除？",
            ("软件包保存在哪个目录", "软件包保存在哪个目录？ 这些软件包可以怎样删除？"),
        ),
        (
            "退货期限是几天，运费由谁承担？",
            ("退货期限是几天", "退货期限是几天？ 运费由谁承担？"),
        ),
        (
            "这本书是谁写的，什么时候出版？",
            ("这本书是谁写的", "这本书是谁写的？ 什么时候出版？"),
        ),
        (
            "合同期限是多久，违约金是多少，由谁承担？",
            (
                "合同期限是多久",
                "违约金是多少",
                "违约金是多少？ 由谁承担？",
            ),
        ),
    ],
)
def test_a_part_that_refers_to_the_one_before_stands_behind_it(
    question: str, parts: tuple[str, ...]
) -> None:
    assert split(question) == parts


def test_what_is_over_four_stays_together() -> None:
    asked = [f"Where is the file number {n}?" for n in range(6)]

    assert split(" ".join(asked)) == (*asked[:3], " ".join(asked[3:]))


@pytest.mark.parametrize(
    "question",
    [
        "",
        "debmake",
        "What is bread and butter pudding?",
        "How do research and development differ?",
        "What are the capitals of France and Germany?",
        "What happened and why?",
        "How and why does the cache expire?",
        "When and where was he born?",
        "Which is faster, and why?",
        "What is the difference between what the manual says and what the tool does?",
        "What is the difference between how do and how does?",
        "What is the command that shows what is installed and what is not?",
        "What is known about what it does and how is it done?",
        "What is it about and is it not?",
        'Who directed "What We Did, and How Did It End"?',
        "Who sang “Where Are You, and Who Are They”?",
        "When many people are arrested, what is a common tactic?",
        "Were the tapes able to have color added, or did they remain black and white?",
        "Is it true that A and B cause C?",
        "The rules file builds the package, and the control file names it.",
        "Really? What is debmake?",
        "What is debmake? Thanks.",
        "Explain when and why the build fails.",
        "研究和开发有什么区别？",
        "什么？软件包在哪里？",
        "《你好，之华》的导演是谁？",
        "《什么是什么，怎么是怎么不是怎么》的导演是谁？",
        "不管怎么做，最后得到的结果会是什么？",
        "如果没有什么问题，接下来应该怎么处理文件？",
        "这是什么，怎么用？",
        "他是谁，什么时候出生？",
        "他什么都会，怎么办？",
        "在北京，上海，广州之中，哪个城市的人口最多？",
        "请问，如何安装这个软件包？",
        "什么时候，谁来付运费？",
        "在什么情况下，谁来付运费？",
        "你觉得怎么样，为什么？",
        "如果退货，运费由谁付？",
        "不管是谁，有几个人来？",
    ],
)
def test_what_is_one_question_stays_whole(question: str) -> None:
    assert split(question) == (question,)
