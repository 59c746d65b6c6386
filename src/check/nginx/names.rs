//! Names of nginx's directives, as far as a mistake in one may be told from a module that nobody here knows.

use crate::ui::nearest;

/// What `nginx -t` of 1.22.1 knows in a `location`, one by one, and what nginx.org lists besides up to 1.30; without whole families that
/// a prefix tells.
const NAMES: &str = "absolute_redirect accept_mutex accept_mutex_delay access_log add_after_body add_before_body add_header add_header_inherit add_trailer \
    add_trailer_inherit addition_types aio aio_write alias allow ancient_browser ancient_browser_value api auth_basic auth_basic_user_file auth_delay \
    auth_request auth_request_set autoindex autoindex_exact_size autoindex_format autoindex_localtime break charset charset_map charset_types \
    chunked_transfer_encoding client_body_buffer_size client_body_in_file_only client_body_in_single_buffer client_body_temp_path client_body_timeout \
    client_header_buffer_size client_header_timeout client_max_body_size connection_pool_size create_full_put_path daemon default_type deny directio \
    directio_alignment disable_symlinks early_hints empty_gif env error_log error_page etag events expires geo gunzip gunzip_buffers gzip gzip_buffers \
    gzip_comp_level gzip_disable gzip_hash gzip_http_version gzip_min_length gzip_no_buffer gzip_proxied gzip_static gzip_types gzip_vary gzip_window hash \
    health_check http http2 if if_modified_since ignore_invalid_headers include index internal ip_hash keepalive keepalive_disable keepalive_min_timeout \
    keepalive_requests keepalive_time keepalive_timeout keyval keyval_zone large_client_header_buffers least_conn limit_conn limit_conn_dry_run \
    limit_conn_log_level limit_conn_status limit_conn_zone limit_except limit_rate limit_rate_after limit_req limit_req_dry_run limit_req_log_level \
    limit_req_status limit_req_zone limit_zone lingering_close lingering_time lingering_timeout listen load_module location lock_file log_format \
    log_not_found log_subrequest mail map map_hash_bucket_size map_hash_max_size master_process match max_headers max_ranges merge_slashes mgmt \
    min_delete_depth mirror mirror_request_body modern_browser modern_browser_value msie_padding msie_refresh multi_accept ntlm open_file_cache \
    open_file_cache_errors open_file_cache_events open_file_cache_min_uses open_file_cache_valid open_log_file_cache output_buffers override_charset \
    pcre_jit pid port_in_redirect post_action postpone_gzipping postpone_output preread_buffer_size preread_timeout proxy_allow_upstream proxy_bind \
    proxy_buffer_size proxy_buffering proxy_buffers proxy_busy_buffers_size proxy_cache proxy_cache_background_update proxy_cache_bypass \
    proxy_cache_convert_head proxy_cache_key proxy_cache_lock proxy_cache_lock_age proxy_cache_lock_timeout proxy_cache_max_range_offset \
    proxy_cache_methods proxy_cache_min_uses proxy_cache_path proxy_cache_purge proxy_cache_revalidate proxy_cache_use_stale proxy_cache_valid \
    proxy_connect_timeout proxy_cookie_domain proxy_cookie_flags proxy_cookie_path proxy_force_ranges proxy_headers_hash_bucket_size \
    proxy_headers_hash_max_size proxy_hide_header proxy_http_version proxy_ignore_client_abort proxy_ignore_headers proxy_intercept_errors \
    proxy_limit_rate proxy_max_temp_file_size proxy_method proxy_next_upstream proxy_next_upstream_timeout proxy_next_upstream_tries proxy_no_cache \
    proxy_pass proxy_pass_header proxy_pass_request_body proxy_pass_request_headers proxy_protocol proxy_protocol_timeout proxy_read_timeout \
    proxy_redirect proxy_request_buffering proxy_requests proxy_responses proxy_send_lowat proxy_send_timeout proxy_set_body proxy_set_header \
    proxy_socket_keepalive proxy_ssl_certificate proxy_ssl_certificate_key proxy_ssl_ciphers proxy_ssl_conf_command proxy_ssl_crl proxy_ssl_key_log \
    proxy_ssl_name proxy_ssl_password_file proxy_ssl_protocols proxy_ssl_server_name proxy_ssl_session_reuse proxy_ssl_trusted_certificate \
    proxy_ssl_verify proxy_ssl_verify_depth proxy_store proxy_store_access proxy_temp_file_write_size proxy_temp_path proxy_timeout queue random \
    random_index read_ahead real_ip_header real_ip_recursive recursive_error_pages referer_hash_bucket_size referer_hash_max_size request_pool_size \
    reset_timedout_connection resolver resolver_timeout return rewrite rewrite_log root satisfy satisfy_any secure_link secure_link_md5 secure_link_secret \
    send_lowat send_timeout sendfile sendfile_max_chunk server server_name server_name_in_redirect server_names_hash_bucket_size \
    server_names_hash_max_size server_tokens set set_real_ip_from slice smtp source_charset split_clients ssl ssl_buffer_size ssl_certificate \
    ssl_certificate_cache ssl_certificate_key ssl_ciphers ssl_client_certificate ssl_conf_command ssl_crl ssl_dhparam ssl_early_data ssl_ecdh_curve \
    ssl_engine ssl_key_log ssl_object_cache_inheritable ssl_ocsp ssl_ocsp_cache ssl_ocsp_responder ssl_password_file ssl_prefer_server_ciphers \
    ssl_protocols ssl_reject_handshake ssl_session_cache ssl_session_ticket_key ssl_session_tickets ssl_session_timeout ssl_stapling ssl_stapling_file \
    ssl_stapling_responder ssl_stapling_verify ssl_trusted_certificate ssl_verify_client ssl_verify_depth state status status_zone sticky stream \
    stub_status sub_filter sub_filter_last_modified sub_filter_once sub_filter_types subrequest_output_buffer_size tcp_nodelay tcp_nopush thread_pool \
    timer_resolution try_files types types_hash_bucket_size types_hash_max_size underscores_in_headers uninitialized_variable_warn upstream use user \
    valid_referers variables_hash_bucket_size variables_hash_max_size worker_aio_requests worker_connections worker_cpu_affinity worker_priority \
    worker_processes worker_rlimit_core worker_rlimit_nofile worker_shutdown_timeout working_directory zone";

/// Modules whose directives begin so: none of these is a mistake in another.
const FAMILIES: &[&str] = &[
    "access_by_lua",
    "auth_",
    "brotli",
    "content_by_lua",
    "dav_",
    "epoll_",
    "fastcgi_",
    "flv",
    "geoip",
    "grpc_",
    "header_filter_by_lua",
    "http2",
    "http3",
    "image_filter",
    "js_",
    "lua_",
    "memcached_",
    "more_",
    "mp4",
    "otel_",
    "pagespeed",
    "perl",
    "quic_",
    "redis",
    "rtmp",
    "scgi_",
    "ssi",
    "upload_",
    "userid",
    "uwsgi_",
    "vhost_",
    "xslt",
];

/// What it is that was probably meant, if nginx has no directive of this name.
pub(in crate::check) fn meant(name: &str) -> Option<&'static str> {
    let known = || NAMES.split_ascii_whitespace();
    let judged =
        name.len() > 5 && name.chars().all(|char| char.is_ascii_alphabetic() || char == '_' || char.is_ascii_digit());
    if !judged || known().any(|known| known == name) || FAMILIES.iter().any(|family| name.starts_with(family)) {
        return None;
    }
    // Two letters: further away, it may be of another module.
    nearest(name, known()).filter(|near| near.len().abs_diff(name.len()) <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant() {
        for (written, near) in [
            ("client_max_body_sise", "client_max_body_size"),
            ("client_max_bodysize", "client_max_body_size"),
            ("proxy_set_headers", "proxy_set_header"),
            ("Client_max_body_size", "client_max_body_size"),
            ("add_headers", "add_header"),
            ("loaction", "location"),
            ("upsteam", "upstream"),
        ] {
            assert_eq!(meant(written), Some(near), "{written}");
        }
        for name in [
            "client_max_body_size",
            "ssl",
            "brotli_types",
            "more_set_headers",
            "lua_package_path",
            "pagespeed",
            "vhost_traffic_status",
            "fastcgi_params",
            "a",
        ] {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
