//! Variables that inject code into a program, or redirect whom it trusts and talks to.
//!
//! A server gets one of these only if it is allowed by name. The list is of names whose documented
//! effect is to load code, run a command, replace trust roots, send traffic elsewhere, or lend the
//! user's other sessions; it cannot be complete, and does not need to be: nothing is inherited
//! that is not named.

/// Tells whether `variable` is one of them, in any case of letters.
#[must_use]
pub fn is_dangerous(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    EXACT.contains(&name.as_str())
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.ends_with("_PROXY")
        || (name.starts_with("GIT_") && name.ends_with("_COMMAND"))
}

const PREFIXES: [&str; 16] = [
    // The loaders of glibc, musl and macOS.
    "LD_",
    "DYLD_",
    // Functions bash imports.
    "BASH_FUNC_",
    "GIT_CONFIG",
    "GIT_SSH",
    "SSL_CERT_",
    // Package managers that run what they fetch.
    "BUN_",
    "CARGO_",
    "DENO_",
    "NPM_CONFIG_",
    "PIP_",
    "PIPX_",
    "PNPM_",
    "UV_",
    "YARN_",
    // broker's own: a server has no business with them.
    "BROKER_",
];

const EXACT: [&str; 69] = [
    "PATH",
    "HOME",
    "USERPROFILE",
    // C library.
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "LOCPATH",
    "NLSPATH",
    // Shells.
    "BASH_ENV",
    "BASHOPTS",
    "ENV",
    "IFS",
    "PROMPT_COMMAND",
    "PS4",
    "SHELLOPTS",
    "ZDOTDIR",
    "COMSPEC",
    "PATHEXT",
    // Languages.
    "CLASSPATH",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "NODE_EXTRA_CA_CERTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PYTHONBREAKPOINT",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONWARNINGS",
    "RUBYLIB",
    "RUBYOPT",
    "DOTNET_STARTUP_HOOKS",
    "LUA_INIT",
    "LUA_PATH",
    // Programs that are run on the way.
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_TEMPLATE_DIR",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    // Trust and its keys.
    "AWS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "CURL_HOME",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "REQUESTS_CA_BUNDLE",
    "SSLKEYLOGFILE",
    // The user's other sessions.
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "CONTAINER_CONNECTION",
    "CONTAINER_HOST",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "SSH_AUTH_SOCK",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_inject_code_or_redirect_trust_are_known_in_any_case() {
        for name in [
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "NODE_OPTIONS",
            "PYTHONPATH",
            "https_proxy",
            "ALL_PROXY",
            "SSL_CERT_FILE",
            "GIT_SSH_COMMAND",
            "GIT_PROXY_COMMAND",
            "npm_config_registry",
            "Path",
            "DBUS_SESSION_BUS_ADDRESS",
            "BROKER_KEY_FILE",
        ] {
            assert!(is_dangerous(name), "{name}");
        }
        for name in [
            "GITHUB_TOKEN",
            "LDAP_URL",
            "PROXY",
            "NODE_ENV",
            "GIT_AUTHOR_NAME",
            "A",
        ] {
            assert!(!is_dangerous(name), "{name}");
        }
    }
}
