<?php
/**
 * Plugin Name: Igny8 Bridge
 * Description: Asks an Igny8 server for articles and publishes them here. For sites whose REST API is blocked.
 * Version: 1.0.0
 * Requires at least: 5.6
 * Requires PHP: 7.4
 * License: GPL-2.0-or-later
 * Text Domain: igny8-bridge
 */

if (!defined('ABSPATH')) {
	exit;
}

const IGNY8_BRIDGE_VERSION = '1.0.0';
const IGNY8_BRIDGE_HOOK = 'igny8_bridge_poll';
const IGNY8_BRIDGE_META = '_igny8_content_id';
const IGNY8_BRIDGE_SEO = '_igny8_meta_description';

require_once __DIR__ . '/includes/client.php';
require_once __DIR__ . '/includes/publisher.php';
require_once __DIR__ . '/includes/settings.php';

/** How often the server is asked, in WordPress's words. */
add_filter('cron_schedules', function ($schedules) {
	$schedules['igny8_five_minutes'] = ['interval' => 5 * MINUTE_IN_SECONDS, 'display' => __('Every five minutes', 'igny8-bridge')];
	return $schedules;
});

register_activation_hook(__FILE__, 'igny8_bridge_schedule');
register_deactivation_hook(__FILE__, function () {
	wp_clear_scheduled_hook(IGNY8_BRIDGE_HOOK);
});

function igny8_bridge_schedule() {
	if (!wp_next_scheduled(IGNY8_BRIDGE_HOOK)) {
		wp_schedule_event(time() + 30, 'igny8_five_minutes', IGNY8_BRIDGE_HOOK);
	}
}
add_action('init', 'igny8_bridge_schedule');

add_action('init', function () {
	register_post_meta('post', IGNY8_BRIDGE_META, [
		'type' => 'string', 'single' => true, 'show_in_rest' => true, 'auth_callback' => function () { return current_user_can('edit_posts'); },
	]);
	register_post_meta('post', IGNY8_BRIDGE_SEO, [
		'type' => 'string', 'single' => true, 'show_in_rest' => true, 'auth_callback' => function () { return current_user_can('edit_posts'); },
	]);
});

add_action(IGNY8_BRIDGE_HOOK, 'igny8_bridge_poll');

/** Describes a post for search engines where no plugin does. */
add_action('wp_head', function () {
	if (!is_singular('post') || defined('WPSEO_VERSION') || class_exists('RankMath')) {
		return;
	}
	$description = get_post_meta(get_queried_object_id(), IGNY8_BRIDGE_SEO, true);
	if ($description !== '') {
		printf("<meta name=\"description\" content=\"%s\">\n", esc_attr($description));
	}
});

/** Tells the server what somebody does here with a post that came from it. */
add_action('transition_post_status', function ($new, $old, $post) {
	if ($new === $old || $post->post_type !== 'post' || !empty($GLOBALS['igny8_bridge_working'])) {
		return;
	}
	$id = get_post_meta($post->ID, IGNY8_BRIDGE_META, true);
	if ($id === '') {
		return;
	}
	$words = ['publish' => 'published', 'future' => 'scheduled', 'draft' => 'draft', 'pending' => 'draft', 'private' => 'draft', 'trash' => 'withdrawn'];
	if (isset($words[$new])) {
		igny8_bridge_report($id, ['status' => $words[$new], 'post_id' => $post->ID, 'url' => (string) get_permalink($post)]);
	}
}, 10, 3);
