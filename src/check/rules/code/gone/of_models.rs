//! Packages for models of language and of data, and for the services around them.
//!
//! The wheels of the release that is named and of the one before were looked into: modules and names that the one has, and the other has not.

use super::{Gone, PIN, gone};

const CLASSIC: &str = "`langchain_classic`, `langchain_community` and `langchain_core` have what it was";
const PROVIDER: &str = "the package of that provider, such as `from langchain_openai import ChatOpenAI`";

const fn langchain(module: &'static str) -> Gone {
    gone("langchain", module, &[], (1, 0), CLASSIC)
}

const fn sklearn(module: &'static str, names: &'static [&'static str], since: (u32, u32), fix: &'static str) -> Gone {
    gone("scikit-learn", module, names, since, fix)
}

pub(super) const PACKAGES: &[Gone] = &[
    gone(
        "langchain",
        "langchain",
        &[
            "ConversationChain",
            "FAISS",
            "FewShotPromptTemplate",
            "HuggingFaceHub",
            "LLMChain",
            "LLMMathChain",
            "OpenAI",
            "PromptTemplate",
            "SQLDatabase",
            "VectorDBQA",
        ],
        (1, 0),
        CLASSIC,
    ),
    gone(
        "langchain",
        "langchain.chat_models",
        &["AzureChatOpenAI", "BedrockChat", "ChatAnthropic", "ChatOllama", "ChatOpenAI"],
        (1, 0),
        PROVIDER,
    ),
    gone(
        "langchain",
        "langchain.embeddings",
        &["BedrockEmbeddings", "HuggingFaceEmbeddings", "OpenAIEmbeddings", "SentenceTransformerEmbeddings"],
        (1, 0),
        PROVIDER,
    ),
    gone(
        "langchain",
        "langchain.agents",
        &[
            "AgentExecutor",
            "AgentType",
            "Tool",
            "create_openai_functions_agent",
            "create_react_agent",
            "create_tool_calling_agent",
            "initialize_agent",
            "load_tools",
        ],
        (1, 0),
        "`create_agent` of the same module; `langchain_classic.agents` has these",
    ),
    langchain("langchain.callbacks"),
    langchain("langchain.chains"),
    langchain("langchain.docstore"),
    langchain("langchain.document_loaders"),
    langchain("langchain.llms"),
    langchain("langchain.memory"),
    langchain("langchain.output_parsers"),
    langchain("langchain.prompts"),
    langchain("langchain.retrievers"),
    langchain("langchain.schema"),
    langchain("langchain.sql_database"),
    gone("langchain", "langchain.text_splitter", &[], (1, 0), "`langchain_text_splitters`"),
    langchain("langchain.utilities"),
    langchain("langchain.vectorstores"),
    gone(
        "elasticsearch",
        "elasticsearch",
        &["RequestsHttpConnection"],
        (8, 0),
        "`opensearch-py` has it, for OpenSearch",
    ),
    gone("gensim", "gensim.summarization", &[], (4, 0), PIN),
    gone("stripe", "stripe.error", &[], (13, 0), "`stripe` itself has the exceptions: `stripe.StripeError`"),
    gone("stripe", "stripe.api_resources", &[], (13, 0), "`stripe` itself has the classes"),
    sklearn("sklearn.cross_validation", &[], (0, 20), "`sklearn.model_selection`"),
    sklearn("sklearn.grid_search", &[], (0, 20), "`sklearn.model_selection`"),
    sklearn("sklearn.preprocessing", &["Imputer"], (0, 22), "`from sklearn.impute import SimpleImputer`"),
    sklearn("sklearn.externals.joblib", &[], (0, 23), "`import joblib`, which comes along with it"),
    sklearn("sklearn.externals.six", &[], (0, 23), "install `six`, or take Python 3's own names"),
    sklearn("sklearn.datasets.samples_generator", &[], (0, 24), "`sklearn.datasets` has its functions"),
    sklearn("sklearn.utils.testing", &[], (0, 24), PIN),
];
