//! The shapes, each with where it is written down.
//!
//! High means that nothing but a secret of that maker looks so. Medium means that something else might, or that the maker has not
//! written the shape down: then the name above it decides. Keys that are made to be public are left out, as
//! Stripe's `pk_`, PostHog's `phc_`, Supabase's `sb_publishable_`, Mapbox's `pk.` and ids such as AWS's `AKIA` and Twilio's
//! `AC` and `SK`.

use super::super::Confidence::{self, High, Medium};

/// What is looked at besides the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Nothing,
    /// The CRC-32 of GitHub and npm.
    Crc,
}

use Check::{Crc, Nothing};

/// Kind, how sure the shape alone makes it, pattern (see `pattern.rs`), check.
pub(super) const ROWS: &[(&str, Confidence, &str, Check)] = &[
    // GitHub Blog, "Behind GitHub's new authentication token formats"; GitHub Docs, "About authentication to GitHub".
    ("github-token", High, "ghp_ w36", Crc),
    ("github-token", High, "gho_ w36", Crc),
    ("github-token", High, "ghu_ w36", Crc),
    ("github-token", High, "ghs_ w36", Crc),
    ("github-token", High, "ghr_ w36", Crc),
    ("github-token", High, "github_pat_ w22 _ w59", Nothing),
    // Longer ones of apps; their length is not fixed.
    ("github-token", Medium, "ghs_ a80..", Nothing),
    // GitLab Docs, "Token prefixes".
    ("gitlab-token", High, "glpat- u20", Nothing),
    ("gitlab-token", High, "glpat- u27.. . n2 . n7..9", Nothing),
    ("gitlab-token", High, "gldt- u20", Nothing),
    ("gitlab-token", High, "glrt- u20..", Nothing),
    ("gitlab-token", High, "glptt- h40", Nothing),
    ("gitlab-token", High, "gloas- h64", Nothing),
    ("gitlab-token", High, "glft- u20", Nothing),
    // Slack API documentation, "Token types"; those of its web client (xoxc, xoxd) are not written down.
    (
        "slack-token",
        High,
        "xoxb- d8..14 - d8..14 - w18..34",
        Nothing,
    ),
    ("slack-token", High, "xoxb- d8..14 - w18..26", Nothing),
    (
        "slack-token",
        High,
        "xoxp- d8..14 - d8..14 - d8..14 - w28..34",
        Nothing,
    ),
    (
        "slack-token",
        High,
        "xoxc- d8..14 - d8..14 - d8..14 - h64",
        Nothing,
    ),
    ("slack-token", High, "xoxd- e40..", Nothing),
    (
        "slack-token",
        High,
        "xapp-1- N8..12 - d10..14 - h64",
        Nothing,
    ),
    ("slack-token", High, "xoxe.xoxp-1- w140..", Nothing),
    ("slack-token", High, "xoxe-1- w140..", Nothing),
    // Discord Developer Documentation, "Reference: authentication": the id in base64, a time, a mark.
    ("discord-token", Medium, "M w23..27 . u6 . u27..45", Nothing),
    ("discord-token", Medium, "N w23..27 . u6 . u27..45", Nothing),
    ("discord-token", Medium, "O w23..27 . u6 . u27..45", Nothing),
    // Telegram, "Bots: how to get a token".
    ("telegram-token", High, "d8..10 :AA u33", Nothing),
    // OpenAI API reference, "Authentication"; the mark T3BlbkFJ is "OpenAI" in base64.
    ("openai-key", High, "sk-proj- u40..", Nothing),
    ("openai-key", High, "sk-svcacct- u40..", Nothing),
    ("openai-key", High, "sk-admin- u40..", Nothing),
    ("openai-key", High, "sk- w20 T3BlbkFJ w20", Nothing),
    // Anthropic, "API overview: authentication".
    ("anthropic-key", High, "sk-ant-api03- u80..", Nothing),
    ("anthropic-key", High, "sk-ant-admin01- u80..", Nothing),
    ("anthropic-key", High, "sk-ant-oat01- u80..", Nothing),
    // OpenRouter documentation, "API authentication".
    ("openrouter-key", High, "sk-or-v1- h64", Nothing),
    // Langfuse and LangSmith documentation, "API keys".
    (
        "langfuse-key",
        High,
        "sk-lf- h8 - h4 - h4 - h4 - h12",
        Nothing,
    ),
    ("langsmith-key", High, "lsv2_pt_ h32 _ h10", Nothing),
    ("langsmith-key", High, "lsv2_sk_ h32 _ h10", Nothing),
    // Many makers have taken over how keys of OpenAI begin.
    ("api-key", Medium, "sk- h32", Nothing),
    ("api-key", Medium, "sk- w40..64", Nothing),
    ("api-key", Medium, "sk-ak- u20..", Nothing),
    // Documentation of Groq, xAI, Perplexity, Tavily, Firecrawl, Jina, NVIDIA NIM, Replicate, "Authentication" or "API keys".
    ("groq-key", High, "gsk_ w52", Nothing),
    ("xai-key", High, "xai- w80", Nothing),
    ("perplexity-key", High, "pplx- w40..", Nothing),
    ("tavily-key", High, "tvly- u30..", Nothing),
    ("firecrawl-key", High, "fc- h32", Nothing),
    ("jina-key", High, "jina_ u50..", Nothing),
    ("nvidia-key", High, "nvapi- u60..", Nothing),
    ("replicate-token", High, "r8_ w37", Nothing),
    ("cerebras-key", Medium, "csk- n48", Nothing),
    // Hugging Face Hub documentation, "User access tokens".
    ("huggingface-token", High, "hf_ l34", Nothing),
    ("huggingface-token", High, "api_org_ l34", Nothing),
    // Brave Search API, seen only.
    ("brave-key", Medium, "BSA u27..29", Nothing),
    // Context7 README, "API keys".
    (
        "context7-key",
        High,
        "ctx7sk- h8 - h4 - h4 - h4 - h12",
        Nothing,
    ),
    // ElevenLabs, seen only.
    ("elevenlabs-key", Medium, "sk_ h48", Nothing),
    // Pinecone documentation, "Manage API keys".
    ("pinecone-key", High, "pcsk_ w5..6 _ w60..64", Nothing),
    // Google Cloud documentation, "Manage API keys", "Token types", and its client secrets.
    ("google-api-key", High, "AIza u35", Nothing),
    ("google-oauth-secret", High, "GOCSPX- u28", Nothing),
    ("google-access-token", High, "ya29. u40..", Nothing),
    ("google-refresh-token", Medium, "1//0 u40..", Nothing),
    // AWS STS: what its tokens begin with is "origin" in base64. Seen only.
    ("aws-session-token", High, "IQoJb3JpZ2lu p100..", Nothing),
    // Microsoft, "Entra ID client secrets" (identifiable by Q~), "Azure DevOps PAT format" (AZDO), "Storage account keys".
    ("azure-client-secret", High, "a3 d1 Q~ a31..34", Nothing),
    ("azure-devops-token", High, "w76 AZDO w4", Nothing),
    ("azure-storage-key", Medium, "b86 ==", Nothing),
    // Stripe documentation, "API keys"; "Webhook signatures", whose format Svix shares.
    ("stripe-key", High, "sk_live_ w24..", Nothing),
    ("stripe-key", High, "sk_test_ w24..", Nothing),
    ("stripe-key", High, "rk_live_ w24..", Nothing),
    ("stripe-key", High, "rk_test_ w24..", Nothing),
    ("webhook-secret", High, "whsec_ p32..", Nothing),
    // Notion API changelog, "New token format"; the older ones.
    ("notion-token", High, "ntn_ w40..50", Nothing),
    ("notion-token", High, "secret_ w43", Nothing),
    // Linear and Figma developer documentation, "Authentication".
    ("linear-key", High, "lin_api_ w40", Nothing),
    ("linear-key", High, "lin_oauth_ w40..", Nothing),
    ("figma-token", High, "figd_ u40..", Nothing),
    ("figma-token", High, "figu_ u40..", Nothing),
    // Supabase documentation, "Management API", "API keys".
    ("supabase-token", High, "sbp_ h40", Nothing),
    ("supabase-token", High, "sbp_oauth_ h40", Nothing),
    ("supabase-key", High, "sb_secret_ u22..40", Nothing),
    // Neon and PlanetScale documentation, "API keys", "Service tokens".
    ("neon-key", High, "napi_ n64", Nothing),
    ("planetscale-token", High, "pscale_tkn_ a32..64", Nothing),
    ("planetscale-token", High, "pscale_oauth_ a32..64", Nothing),
    ("planetscale-password", High, "pscale_pw_ a32..64", Nothing),
    // Sentry documentation, "Auth tokens".
    ("sentry-token", High, "sntryu_ h64", Nothing),
    ("sentry-token", High, "sntrys_ p60.. _ b43", Nothing),
    // Grafana documentation, "Service accounts", "Access policies"; New Relic, "API keys"; Dynatrace, "Access tokens".
    ("grafana-token", High, "glsa_ w32 _ x8", Nothing),
    ("grafana-token", High, "glc_ p40..", Nothing),
    ("newrelic-key", High, "NRAK- N27", Nothing),
    ("newrelic-key", Medium, "NRII- u32", Nothing),
    ("newrelic-key", Medium, "h36 NRAL", Nothing),
    ("dynatrace-token", High, "dt0c01. N24 . N64", Nothing),
    // PostHog documentation, "Personal API keys".
    ("posthog-key", High, "phx_ w40..", Nothing),
    // DigitalOcean, "Token formats"; Cloudflare, "Origin CA keys"; Heroku, Netlify, Render: seen only.
    ("digitalocean-token", High, "dop_v1_ h64", Nothing),
    ("digitalocean-token", High, "doo_v1_ h64", Nothing),
    ("digitalocean-token", High, "dor_v1_ h64", Nothing),
    ("cloudflare-key", High, "v1.0- h24 - h146", Nothing),
    ("heroku-key", Medium, "HRKU- u36..65", Nothing),
    ("netlify-token", Medium, "nfp_ w36..40", Nothing),
    ("render-key", Medium, "rnd_ w28..32", Nothing),
    ("flyio-token", High, "fm2_ p100..", Nothing),
    ("flyio-token", Medium, "fo1_ u43", Nothing),
    // HashiCorp Vault documentation, "Tokens"; HCP Terraform, "API tokens"; Pulumi, Doppler, 1Password, "Service accounts".
    ("vault-token", High, "hvs. u24..", Nothing),
    ("vault-token", High, "hvb. u100..", Nothing),
    ("terraform-token", High, "w14 .atlasv1. u60..70", Nothing),
    ("pulumi-token", High, "pul- h40", Nothing),
    ("doppler-token", High, "dp.pt. w40..44", Nothing),
    ("doppler-token", High, "dp.st. a40..80", Nothing),
    ("onepassword-token", High, "ops_eyJ p200..", Nothing),
    // age(1), "AGE-SECRET-KEY-1".
    ("age-key", High, "AGE-SECRET-KEY-1 N58", Nothing),
    // Databricks documentation, "Personal access tokens".
    ("databricks-token", High, "dapi h32", Nothing),
    ("databricks-token", High, "dapi h32 - d1", Nothing),
    // Atlassian documentation, "Scan for API tokens"; Trello, "Authorization".
    ("atlassian-token", High, "ATATT3 q180..", Nothing),
    ("atlassian-token", High, "ATCTT3 q180..", Nothing),
    ("atlassian-token", Medium, "ATBB w32", Nothing),
    ("trello-token", High, "ATTA h64 x8", Nothing),
    // Airtable, "Personal access tokens"; Asana, "Personal access token"; ClickUp, "Authentication"; HubSpot, "Private apps".
    ("airtable-token", High, "pat w14 . h64", Nothing),
    ("asana-token", High, "2/ d16 / d16 : h32", Nothing),
    ("asana-token", High, "1/ d16 : h32", Nothing),
    ("clickup-token", High, "pk_ d5..9 _ N32", Nothing),
    (
        "hubspot-token",
        High,
        "pat- n3 - h8 - h4 - h4 - h4 - h12",
        Nothing,
    ),
    // Shopify.dev, "Access token formats".
    ("shopify-token", High, "shpat_ x32", Nothing),
    ("shopify-token", High, "shpca_ x32", Nothing),
    ("shopify-token", High, "shppa_ x32", Nothing),
    ("shopify-token", High, "shpss_ x32", Nothing),
    // Square, "Access tokens"; PayPal (Braintree), "Access tokens".
    ("square-token", High, "sq0atp- u22", Nothing),
    ("square-token", High, "sq0csp- u43", Nothing),
    ("square-token", Medium, "EAAA u56..60", Nothing),
    (
        "paypal-token",
        High,
        "access_token$production$ n16 $ h32",
        Nothing,
    ),
    // SendGrid, "API keys"; Mailgun, Mailchimp, Brevo, Resend: seen only.
    ("sendgrid-key", High, "SG. u22 . u43", Nothing),
    ("mailgun-key", Medium, "key- h32", Nothing),
    ("mailgun-key", Medium, "h32 - h8 - h8", Nothing),
    ("mailchimp-key", High, "h32 -us d1..2", Nothing),
    ("brevo-key", High, "xkeysib- h64 - w16", Nothing),
    ("resend-key", Medium, "re_ w8 _ w24", Nothing),
    // Package registries: PyPI, "API tokens" (the lead is what every macaroon of it begins with); npm as GitHub; RubyGems, "API key scopes".
    ("pypi-token", High, "pypi-AgE u50..", Nothing),
    ("npm-token", High, "npm_ w36", Crc),
    ("rubygems-key", High, "rubygems_ h48", Nothing),
    // Docker documentation, "Personal access tokens", "Organization access tokens".
    ("docker-token", High, "dckr_pat_ u27", Nothing),
    ("docker-token", High, "dckr_oat_ u27..40", Nothing),
    // Postman, "Postman API keys"; SonarQube, "Managing your tokens"; Sourcegraph, "Access tokens"; Prefect, Buildkite.
    ("postman-key", High, "PMAK- h24 - h34", Nothing),
    ("sonarqube-token", High, "squ_ h40", Nothing),
    ("sonarqube-token", High, "sqp_ h40", Nothing),
    ("sonarqube-token", High, "sqa_ h40", Nothing),
    ("sourcegraph-token", High, "sgp_ h40", Nothing),
    ("sourcegraph-token", High, "sgp_ h16 _ h40", Nothing),
    ("prefect-key", Medium, "pnu_ w36", Nothing),
    ("buildkite-token", Medium, "bkua_ h40", Nothing),
    // Documentation of Apify, Browserbase, E2B, Mapbox, Contentful, Typeform, MaxMind, RapidAPI, Adafruit.
    ("apify-token", High, "apify_api_ w36", Nothing),
    ("browserbase-key", High, "bb_live_ u20..40", Nothing),
    ("e2b-key", High, "e2b_ h40", Nothing),
    ("mapbox-token", High, "sk.eyJ u30.. . u20..30", Nothing),
    ("contentful-token", High, "CFPAT- u43", Nothing),
    ("typeform-token", High, "tfp_ a40..60", Nothing),
    ("maxmind-key", High, "w6 _ w29 _mmk", Nothing),
    ("rapidapi-key", High, "h10 msh h15 p h6 jsn h12", Nothing),
    ("adafruit-key", High, "aio_ w28", Nothing),
];
