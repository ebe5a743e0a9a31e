<?php
/** Speaks to the Igny8 server. */

if (!defined('ABSPATH')) {
	exit;
}

/**
 * Asks the server.
 *
 * @param string     $method GET or POST.
 * @param string     $path   Of the API, such as /bridge/content.
 * @param array|null $body   What is sent.
 * @return array|WP_Error The answer; empty for one without a body.
 */
function igny8_bridge_ask($method, $path, $body = null) {
	$server = untrailingslashit((string) get_option('igny8_bridge_server', ''));
	$key = (string) get_option('igny8_bridge_key', '');
	if ($server === '' || $key === '') {
		return new WP_Error('igny8_unset', __('Give the address of the Igny8 server and a key for this site.', 'igny8-bridge'));
	}
	$args = [
		'method' => $method, 'timeout' => 30, 'redirection' => 0,
		'headers' => ['Authorization' => 'Bearer ' . $key, 'Accept' => 'application/json'],
	];
	if ($body !== null) {
		$args['headers']['Content-Type'] = 'application/json';
		$args['body'] = wp_json_encode($body);
	}
	$answer = wp_remote_request($server . '/api/v1' . $path, $args);
	if (is_wp_error($answer)) {
		return $answer;
	}
	$status = (int) wp_remote_retrieve_response_code($answer);
	$said = json_decode(wp_remote_retrieve_body($answer), true);
	if ($status < 200 || $status > 299) {
		$detail = is_array($said) && isset($said['detail']) ? $said['detail'] : sprintf(__('The server answers %d.', 'igny8-bridge'), $status);
		return new WP_Error('igny8_refused', $detail, ['status' => $status]);
	}
	return is_array($said) ? $said : [];
}

/**
 * Says what has become of an article. What cannot be said now is said with the
 * next poll.
 *
 * @param string $id     Of the article.
 * @param array  $report Status, post_id, url, error.
 */
function igny8_bridge_report($id, $report) {
	$waiting = (array) get_option('igny8_bridge_unsaid', []);
	$waiting[$id] = $report;
	update_option('igny8_bridge_unsaid', $waiting, false);
	igny8_bridge_say();
}

/** Says what has not been heard yet. */
function igny8_bridge_say() {
	$waiting = (array) get_option('igny8_bridge_unsaid', []);
	foreach ($waiting as $id => $report) {
		$answer = igny8_bridge_ask('POST', '/bridge/content/' . rawurlencode($id) . '/status', $report);
		if (is_wp_error($answer)) {
			$data = $answer->get_error_data();
			$status = is_array($data) && isset($data['status']) ? $data['status'] : 0;
			if ($status < 400 || $status === 401 || $status === 429 || $status >= 500) {
				continue; // it may be heard later
			}
		}
		unset($waiting[$id]);
	}
	update_option('igny8_bridge_unsaid', $waiting, false);
}

/** What the server is told of this site. */
function igny8_bridge_health() {
	$problems = [];
	if (defined('DISABLE_WP_CRON') && DISABLE_WP_CRON && !get_option('igny8_bridge_polled')) {
		$problems[] = __('WordPress does not run its own tasks here: let the host call wp-cron.php.', 'igny8-bridge');
	}
	if (!get_user_by('id', (int) get_option('igny8_bridge_author', 0))) {
		$problems[] = __('Nobody is chosen as the author of new posts.', 'igny8-bridge');
	}
	return [
		'plugin_version' => IGNY8_BRIDGE_VERSION, 'wordpress_version' => get_bloginfo('version'), 'php_version' => PHP_VERSION, 'problems' => $problems,
	];
}
