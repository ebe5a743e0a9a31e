<?php
/** Makes posts of what the server has. */

if (!defined('ABSPATH')) {
	exit;
}

/**
 * Does all that the server has for this site.
 *
 * @return int|WP_Error How many articles were seen to.
 */
function igny8_bridge_poll() {
	igny8_bridge_say();
	$done = 0;
	for ($round = 0; $round < 10; $round++) {
		$answer = igny8_bridge_ask('GET', '/bridge/content?limit=5');
		if (is_wp_error($answer)) {
			update_option('igny8_bridge_trouble', $answer->get_error_message(), false);
			return $answer;
		}
		$items = isset($answer['items']) ? (array) $answer['items'] : [];
		foreach ($items as $item) {
			igny8_bridge_report($item['id'], igny8_bridge_do($item));
			$done++;
		}
		if (count($items) < 5) {
			break;
		}
	}
	update_option('igny8_bridge_polled', time(), false);
	update_option('igny8_bridge_trouble', '', false);
	igny8_bridge_ask('POST', '/bridge/health', igny8_bridge_health());
	return $done;
}

/**
 * Does one thing that the server wants.
 *
 * @param array $item What it wants.
 * @return array What has become of it.
 */
function igny8_bridge_do($item) {
	$GLOBALS['igny8_bridge_working'] = true;
	try {
		$post = igny8_bridge_find($item['id']);
		if ($item['action'] === 'unpublish') {
			if ($post) {
				wp_update_post(['ID' => $post, 'post_status' => 'draft']);
			}
			return ['status' => 'withdrawn', 'post_id' => (int) $post];
		}
		return igny8_bridge_publish($item, $post);
	} catch (Throwable $e) {
		return ['status' => 'failed', 'error' => $e->getMessage()];
	} finally {
		unset($GLOBALS['igny8_bridge_working']);
	}
}

/**
 * The post of an article, whatever its status: it carries the article's id.
 *
 * @param string $id Of the article.
 * @return int 0 for none.
 */
function igny8_bridge_find($id) {
	$posts = get_posts([
		'post_type' => 'post', 'post_status' => ['publish', 'future', 'draft', 'pending', 'private', 'trash'], 'numberposts' => 1, 'fields' => 'ids',
		'orderby' => 'ID', 'order' => 'ASC', 'meta_key' => IGNY8_BRIDGE_META, 'meta_value' => $id, 'suppress_filters' => true,
	]);
	return $posts ? (int) $posts[0] : 0;
}

function igny8_bridge_publish($item, $post) {
	$fields = [
		'post_type' => 'post', 'post_title' => $item['title'], 'post_name' => $item['slug'], 'post_excerpt' => $item['excerpt'],
		'post_content' => wp_kses_post($item['html']), 'post_status' => $item['status'],
		'meta_input' => [IGNY8_BRIDGE_META => $item['id'], IGNY8_BRIDGE_SEO => $item['meta_description'], '_yoast_wpseo_metadesc' => $item['meta_description'], 'rank_math_description' => $item['meta_description']],
	];
	if ($item['status'] === 'future') {
		$fields['post_date_gmt'] = gmdate('Y-m-d H:i:s', strtotime($item['at']));
		$fields['post_date'] = get_date_from_gmt($fields['post_date_gmt']);
		$fields['edit_date'] = true;
	}
	if ($post) {
		$fields['ID'] = $post;
		if ($item['status'] === 'publish' && get_post_status($post) === 'future') { // WordPress would keep to the time it was scheduled for
			$fields['post_date_gmt'] = gmdate('Y-m-d H:i:s');
			$fields['post_date'] = current_time('mysql');
			$fields['edit_date'] = true;
		}
		$made = wp_update_post(wp_slash($fields), true);
	} else {
		$fields['post_author'] = (int) get_option('igny8_bridge_author', 0);
		$made = wp_insert_post(wp_slash($fields), true);
	}
	if (is_wp_error($made)) {
		return ['status' => 'failed', 'error' => $made->get_error_message()];
	}
	igny8_bridge_terms($made, $item['categories'], 'category');
	igny8_bridge_terms($made, $item['tags'], 'post_tag');
	$trouble = empty($item['image_url']) ? null : igny8_bridge_image($made, $item['image_url']);
	if (is_wp_error($trouble)) {
		return ['status' => 'failed', 'post_id' => $made, 'error' => $trouble->get_error_message()];
	}
	$words = ['publish' => 'published', 'future' => 'scheduled'];
	$status = get_post_status($made);
	return ['status' => isset($words[$status]) ? $words[$status] : 'draft', 'post_id' => $made, 'url' => (string) get_permalink($made)];
}

/** Gives a post its categories or tags, by name; those that are missing are made. */
function igny8_bridge_terms($post, $names, $taxonomy) {
	$ids = [];
	foreach ((array) $names as $name) {
		$term = term_exists($name, $taxonomy);
		if (!$term) {
			$term = wp_insert_term($name, $taxonomy);
		}
		if (!is_wp_error($term)) {
			$ids[] = (int) (is_array($term) ? $term['term_id'] : $term);
		}
	}
	if ($ids) {
		wp_set_object_terms($post, $ids, $taxonomy);
	}
}

/** Puts a picture into the library once, and before the post. */
function igny8_bridge_image($post, $url) {
	$known = get_posts(['post_type' => 'attachment', 'post_status' => 'inherit', 'numberposts' => 1, 'fields' => 'ids', 'meta_key' => '_igny8_image_url', 'meta_value' => $url]);
	if ($known) {
		set_post_thumbnail($post, $known[0]);
		return null;
	}
	require_once ABSPATH . 'wp-admin/includes/media.php';
	require_once ABSPATH . 'wp-admin/includes/file.php';
	require_once ABSPATH . 'wp-admin/includes/image.php';
	$id = media_sideload_image($url, $post, null, 'id');
	if (is_wp_error($id)) {
		return $id;
	}
	update_post_meta($id, '_igny8_image_url', $url);
	set_post_thumbnail($post, $id);
	return null;
}
